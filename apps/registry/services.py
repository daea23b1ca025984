"""Model versions registered, prediction sets kept, aliases moved with their ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.core.errors import DomainError
from apps.core.events import record_event
from apps.core.jobs import PREDICT, enqueue_run
from apps.core.runs import lock_claimed
from apps.core.store import Stored
from apps.projects.models import Project
from apps.projects.runs import finish
from apps.registry.models import Alias, AliasMove, ModelVersion, PredictionRun, PredictionSet

LOG_KEPT = 40_000


class AliasTaken(DomainError):
    code = "alias_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"Somebody else pointed {name!r} at a model first. Reload and look again.")


@transaction.atomic
def register_model(*, project: Project, at: datetime, **values: Any) -> ModelVersion:
    """The next model version of the project; `values` are its other fields."""
    Project.objects.select_for_update().get(pk=project.pk)
    number = (project.models.aggregate(top=Max("number"))["top"] or 0) + 1
    model = ModelVersion.objects.create(
        project=project, number=number, round_number=project.round_number, created_at=at, **values
    )
    record_event(kind="model.registered", row=model, at=at, number=number, digest=model.digest)
    return model


@transaction.atomic
def keep_predictions(
    *, model: ModelVersion, purpose: str, stored: Stored, at: datetime, benchmark: str = ""
) -> PredictionSet:
    """Write down a prediction set that lies in the store; `benchmark` is the digest of what it was measured on."""
    predictions = PredictionSet.objects.create(
        project=model.project,
        model=model,
        purpose=purpose,
        benchmark=benchmark,
        digest=stored.digest,
        rows=stored.rows,
        classes=model.classes,
        created_at=at,
    )
    record_event(kind="predictions.kept", row=predictions, at=at, purpose=purpose, digest=stored.digest)
    return predictions


@transaction.atomic
def queue_prediction(
    *, model: ModelVersion, by: User | None, at: datetime, benchmark: str = ""
) -> PredictionRun:
    """Queue a run of this model over everything that can be mined, or over the benchmark of this digest."""
    run = PredictionRun.objects.create(
        project=model.project,
        model=model,
        benchmark=benchmark,
        created_by=by,
        created_at=at,
        round_number=model.project.round_number,
    )
    enqueue_run(PREDICT, run, at=at)
    return run


def note_log(*, run: PredictionRun, text: str) -> None:
    """Keep the end of the learner's log."""
    run.log = text[-LOG_KEPT:]
    PredictionRun.objects.filter(pk=run.pk, claim=run.claim).update(log=run.log)


@transaction.atomic
def record_prediction(*, run: PredictionRun, stored: Stored, at: datetime) -> PredictionSet:
    """Record a finished prediction run with its set; raises `ClaimLost` when another worker has taken over."""
    row = lock_claimed(run)
    purpose = PredictionSet.Purpose.BENCHMARK if row.benchmark else PredictionSet.Purpose.POOL
    predictions = keep_predictions(
        model=row.model, purpose=purpose, benchmark=row.benchmark, stored=stored, at=at
    )
    finish(row, at=at, prediction_set=predictions)
    return predictions


@transaction.atomic
def move_alias(
    *,
    project: Project,
    name: str,
    model: ModelVersion,
    kind: str,
    by: User,
    at: datetime,
    reason: str = "",
    gate_id: int | None = None,
) -> AliasMove:
    """Point the alias at the model and its curriculum, in one step with its line in the ledger.

    Only training calls this: it has checked the gate, the override or the rollback.
    """
    alias, before, curriculum = _point(project, name, model, at)
    line = AliasMove.objects.create(
        alias=alias,
        kind=kind,
        from_model=before,
        to_model=model,
        from_curriculum=curriculum,
        to_curriculum=model.curriculum_digest,
        gate_id=gate_id,
        reason=reason,
        by=by,
        at=at,
    )
    _record_move(line)
    return line


def _record_move(line: AliasMove) -> None:
    facts: dict[str, Any] = {
        "to": line.to_model.number,
        "from": line.from_model.number if line.from_model else None,
        "alias": line.alias.name,
        "gate": line.gate_id,
    }
    record_event(kind=f"alias.{line.kind}", row=line.alias, at=line.at, actor=line.by, **facts)


def _point(
    project: Project, name: str, model: ModelVersion, at: datetime
) -> tuple[Alias, ModelVersion | None, str]:
    """The alias, pointing at the model now, and the model and curriculum it held before, if it did."""
    held: dict[str, Any] = {"model": model, "curriculum_digest": model.curriculum_digest, "moved_at": at}
    # without a join: a row that changed while we waited for its lock would drop out of it
    alias = Alias.objects.select_for_update().filter(project=project, name=name).first()
    if alias is None:
        try:
            with transaction.atomic():
                return Alias.objects.create(project=project, name=name, **held), None, ""
        except IntegrityError as error:
            raise AliasTaken(name) from error
    before, curriculum = alias.model, alias.curriculum_digest
    Alias.objects.filter(pk=alias.pk).update(**held)
    alias.refresh_from_db()
    return alias, before, curriculum
