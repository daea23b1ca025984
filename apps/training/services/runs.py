"""Training runs queued, followed and recorded."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery

from apps.accounts.models import User
from apps.core.errors import BadInput, DomainError, NotFound
from apps.core.events import record_event
from apps.core.jobs import TRAIN, enqueue_run
from apps.core.runs import lock_claimed
from apps.core.store import Stored
from apps.curricula.models import Proposal, ProposalState
from apps.curricula.queries import NotApproved
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.projects.runs import finish
from apps.registry.models import ModelVersion, PredictionSet
from apps.registry.queries import production
from apps.registry.services import keep_predictions, register_model
from apps.training.domain import OUTSIDE, RecipePlan
from apps.training.models import Benchmark, Gate, Recipe, TrainingRun
from apps.training.services.gates import judge_candidate

LOG_KEPT = 40_000


class TrainedOutside(DomainError):
    code = "trained_outside"

    def __init__(self) -> None:
        super().__init__(
            "The project's recipe has models trained elsewhere: the trainer there reports what it made through the API."
        )


@transaction.atomic
def add_recipe(
    *, project: Project, by: User, at: datetime, learner: str, params: Any = None, **budget: Any
) -> Recipe:
    """The project's next recipe version, used by every run from now on; `budget` is what `RecipePlan` names."""
    require(person=by, project=project, action="train")
    plan = RecipePlan.parse({"learner": learner, "params": params, **budget})
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # one next number at a time
    version = (project.recipes.aggregate(top=Max("version"))["top"] or 0) + 1
    recipe = Recipe.objects.create(project=project, version=version, created_at=at, **asdict(plan))
    record_event(kind="recipe.added", row=recipe, at=at, actor=by, version=version, learner=learner)
    return recipe


@transaction.atomic
def start_training(
    *, proposal_id: int, at: datetime, by: User | None = None, seed: int | None = None
) -> TrainingRun:
    """The training run of an approved proposal, queued when there is none yet: asked twice, it starts once."""
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("project")
    proposal = rows.filter(pk=proposal_id).first()
    if proposal is None:
        raise NotFound("There is no such proposal.")
    if by is not None:
        require(person=by, project=proposal.project, action="train")
    if proposal.state != ProposalState.APPROVED:
        raise NotApproved
    if known := TrainingRun.objects.filter(proposal=proposal).first():
        return known
    return _queue_training(proposal, proposal.round_number if seed is None else seed, at)


def _queue_training(proposal: Proposal, seed: int, at: datetime) -> TrainingRun:
    recipe = proposal.project.recipes.first()
    if recipe is None:
        raise BadInput("The project has no recipe yet. Add one before training.", field="recipe")
    if recipe.learner == OUTSIDE:
        raise TrainedOutside
    run = TrainingRun.objects.create(
        project=proposal.project,
        curriculum_id=proposal.curriculum_id,
        proposal=proposal,
        recipe=recipe,
        base=production(project=proposal.project),
        seed=seed,
        created_by=proposal.decided_by,
        created_at=at,
        round_number=proposal.round_number,
    )
    run.benchmarks.set(proposal.project.benchmarks.all())
    enqueue_run(TRAIN, run, at=at)
    return run


@transaction.atomic
def pin_benchmarks(*, run: TrainingRun) -> list[Benchmark]:
    """What the run's model will be measured on: fixed when it was queued, or now where there was none then."""
    row = lock_claimed(run)
    if not row.benchmarks.exists():
        row.benchmarks.set(row.project.benchmarks.all())
    pinned = list(row.benchmarks.all())
    if not pinned:
        raise BadInput(
            "The project has no benchmark. Freeze one, so that the gate can judge; then retry.",
            field="benchmark",
        )
    return pinned


def approved_without_run() -> list[int]:
    """Approved proposals whose training was never queued, because the wake-up was lost; not those trained outside."""
    newest = Recipe.objects.filter(project=OuterRef("project")).order_by("-version").values("learner")[:1]
    approved = Proposal.objects.filter(state=ProposalState.APPROVED, training_run=None)
    waiting = approved.annotate(learner=Subquery(newest)).exclude(learner=OUTSIDE)
    return list(waiting.values_list("pk", flat=True))


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
    *,
    run: TrainingRun,
    model: dict[str, Any],
    report: dict[str, Any],
    measured: dict[str, Stored],
    cross_fit: Stored | None = None,
    at: datetime,
) -> ModelVersion:
    """Register the model with its prediction sets, once; raises `ClaimLost` when another worker has taken over.

    `model` is the learner's manifest (digest, classes); `measured` are its predictions by a benchmark's digest.
    """
    row = lock_claimed(run)
    made = register_model(
        project=row.project,
        at=at,
        digest=model["digest"],
        recipe=row.recipe.learner,
        parent=row.base,
        curriculum_digest=row.curriculum.digest,
        classes=model["classes"],
        metrics={name: report.get(name) for name in ("slices", "drift", "resources")},
    )
    _keep_sets(made, measured, cross_fit, at)
    TrainingRun.objects.filter(pk=row.pk).update(model=made, report=report)
    run.model, run.report = made, report
    return made


def _keep_sets(
    model: ModelVersion, measured: dict[str, Stored], cross_fit: Stored | None, at: datetime
) -> None:
    purpose = PredictionSet.Purpose
    for benchmark, stored in measured.items():
        keep_predictions(model=model, purpose=purpose.BENCHMARK, stored=stored, at=at, benchmark=benchmark)
    if cross_fit is not None:
        keep_predictions(model=model, purpose=purpose.CROSS_FIT, stored=cross_fit, at=at)


def finish_training(*, run: TrainingRun, at: datetime) -> list[Gate]:
    """Judge the run's model and end the run. What keeps it from being judged is said on the run; the model stays."""
    assert run.model is not None
    gates, said = [], ""
    try:
        gates = judge_candidate(candidate=run.model, at=at, benchmarks=list(run.benchmarks.all()))
    except DomainError as reason:
        said = f"The model was made, but not judged. {reason.message}"
    with transaction.atomic():
        finish(lock_claimed(run), at=at, error=said)
    return gates
