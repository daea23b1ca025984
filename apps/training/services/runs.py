"""Training runs queued, followed and recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.core.errors import BadInput, DomainError, NotFound
from apps.core.events import record_event
from apps.core.jobs import TRAIN, enqueue_run
from apps.core.runs import finish, lock_claimed
from apps.core.store import Stored
from apps.curricula.models import Proposal, ProposalState
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.registry.models import ModelVersion, PredictionSet
from apps.registry.queries import production
from apps.registry.services import keep_predictions, register_model
from apps.training.models import Recipe, TrainingRun
from apps.training.services.gates import judge_candidate

LOG_KEPT = 40_000


class NotApproved(DomainError):
    code = "not_approved"

    def __init__(self) -> None:
        super().__init__("Only an approved proposal is trained. Ask another lead to review it.")


@transaction.atomic
def add_recipe(
    *, project: Project, by: User, at: datetime, learner: str, params: Any = None, **budget: int
) -> Recipe:
    """The project's next recipe version, used by every run from now on."""
    require(person=by, project=project, action="train")
    if params is not None and not isinstance(params, dict):
        raise BadInput("The recipe's params are an object.", field="params")
    version = (project.recipes.aggregate(top=Max("version"))["top"] or 0) + 1
    recipe = Recipe.objects.create(
        project=project, version=version, learner=learner, params=params or {}, created_at=at, **budget
    )
    record_event(kind="recipe.added", row=recipe, at=at, actor=by, version=version, learner=learner)
    return recipe


@transaction.atomic
def start_training(
    *, proposal_id: int, at: datetime, by: User | None = None, seed: int | None = None
) -> TrainingRun:
    """The training run of an approved proposal, queued when there is none yet: asked twice, it starts once."""
    proposal = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("project")
        .filter(pk=proposal_id)
        .first()
    )
    if proposal is None:
        raise NotFound("There is no such proposal.")
    if by is not None:
        require(person=by, project=proposal.project, action="train")
    if proposal.state != ProposalState.APPROVED:
        raise NotApproved
    if known := TrainingRun.objects.filter(proposal=proposal).first():
        return known
    recipe = proposal.project.recipes.first()
    if recipe is None:
        raise BadInput("The project has no recipe yet. Add one before training.", field="recipe")
    run = TrainingRun.objects.create(
        project=proposal.project,
        curriculum_id=proposal.curriculum_id,
        proposal=proposal,
        recipe=recipe,
        base=production(project=proposal.project),
        seed=proposal.round_number if seed is None else seed,
        created_by=proposal.decided_by,
        created_at=at,
        round_number=proposal.round_number,
    )
    enqueue_run(TRAIN, run, at=at)
    return run


def approved_without_run() -> list[int]:
    """Approved proposals whose training was never queued, because the wake-up was lost."""
    approved = Proposal.objects.filter(state=ProposalState.APPROVED, training_run=None)
    return list(approved.values_list("pk", flat=True))


def note_epoch(*, run: TrainingRun, entry: dict[str, Any]) -> None:
    """Append one epoch to the live curve; a run that resumes overwrites what it repeats."""

    def repeats(point: dict[str, Any]) -> bool:
        return bool(point["phase"] == entry["phase"] and point["done"] >= entry["done"])

    run.curve = [*(point for point in run.curve if not repeats(point)), entry]
    TrainingRun.objects.filter(pk=run.pk, claim=run.claim).update(curve=run.curve)


def note_log(*, run: TrainingRun, text: str) -> None:
    """Keep the end of the learner's log, all attempts of the run in one."""
    run.log = text[-LOG_KEPT:]
    TrainingRun.objects.filter(pk=run.pk, claim=run.claim).update(log=run.log)


@transaction.atomic
def record_training(
    *, run: TrainingRun, digest: str, report: dict[str, Any], tables: dict[str, Stored], at: datetime
) -> ModelVersion:
    """Register the model with its prediction sets and end the run, once; raises `ClaimLost` when taken over."""
    row = lock_claimed(run)
    model = register_model(
        project=row.project,
        at=at,
        digest=digest,
        recipe=row.recipe.learner,
        parent=row.base,
        training_run_id=row.pk,
        curriculum_digest=row.curriculum.digest,
        classes=row.project.protocol.classes if row.project.protocol else [],
        metrics={name: report.get(name) for name in ("slices", "drift", "resources")},
    )
    for purpose, stored in tables.items():
        keep_predictions(model=model, purpose=PredictionSet.Purpose(purpose), stored=stored, at=at)
    finish(row, at=at, model=model, report=report)
    judge_candidate(candidate=model, at=at)
    return model
