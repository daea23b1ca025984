"""Models trained elsewhere: reported with what they were taught, then measured by predictions of theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from django.db import transaction

from apps.accounts.models import User
from apps.core.errors import BadInput, DomainError, NotFound
from apps.core.models import RunState
from apps.core.moves import move
from apps.core.store import Stored, read_table, write_table
from apps.curricula.models import CurriculumVersion, Proposal, ProposalState
from apps.curricula.queries import NotApproved, classes_of
from apps.examples.models import Example
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.projects.runs import finish
from apps.registry.domain import PREDICTIONS
from apps.registry.models import ModelVersion, PredictionSet
from apps.registry.queries import minable, production
from apps.registry.services import keep_predictions, register_model
from apps.training.domain import OUTSIDE
from apps.training.models import Benchmark, Gate, Recipe, TrainingRun
from apps.training.queries import measured_on, standing_keys
from apps.training.reported import Asked, Reported, read_reported
from apps.training.services.gates import judge_candidate

DIGEST = re.compile(r"[0-9a-f]{64}")


class NoOutsideRecipe(DomainError):
    code = "no_outside_recipe"

    def __init__(self) -> None:
        super().__init__(
            f"This project has never been trained elsewhere. Make a recipe with the learner {OUTSIDE!r} first."
        )


class ReportedOtherwise(DomainError):
    code = "reported_otherwise"

    def __init__(self, model: ModelVersion) -> None:
        super().__init__(
            f"These weights were reported before, as model {model}, with another curriculum or other classes. "
            "A model version never changes; other weights have another digest."
        )


class TrainedHere(DomainError):
    code = "trained_here"

    def __init__(self) -> None:
        super().__init__("This model's weights are here, so its predictions are made here and not reported.")


class MeasuredBefore(DomainError):
    code = "measured_before"

    def __init__(self, model: ModelVersion, benchmark: Benchmark) -> None:
        super().__init__(
            f"Model {model} was measured on {benchmark.name} before, with other predictions. A model is measured "
            "once; report a new version for another one."
        )


@dataclass(frozen=True)
class Measured:
    """What was kept, and the judgement it led to; or why there is none yet."""

    prediction_set: PredictionSet
    gates: list[Gate]
    not_judged: str = ""


@transaction.atomic
def report_model(
    *, project: Project, curriculum: str, digest: str, name: str, classes: list[str], by: User, at: datetime
) -> ModelVersion:
    """A model version that was taught this approved curriculum elsewhere, with the run that made it.

    Reported twice, it is the same version. It is judged once it has been measured.
    """
    require(person=by, project=project, action="train")
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # reported twice at once, made once
    proposal = _approved(project, curriculum)
    _check(digest, name, classes, proposal.curriculum)
    if known := project.models.filter(digest=digest).first():
        if (known.curriculum_digest, known.classes, known.outside) != (curriculum, classes, True):
            raise ReportedOtherwise(known)
        return known
    recipe = project.recipes.filter(learner=OUTSIDE).first()
    if recipe is None:
        raise NoOutsideRecipe
    run = _run(proposal, recipe, by, at)
    model = register_model(
        project=project, at=at, digest=digest, recipe=name, parent=run.base, curriculum_digest=curriculum,
        classes=classes, outside=True,
    )  # fmt: skip
    finish(run, at=at, model=model)
    return model


def _approved(project: Project, curriculum: str) -> Proposal:
    rows = Proposal.objects.select_related("curriculum__dataset", "project")
    proposals = rows.filter(project=project, curriculum__digest=curriculum)
    if not proposals.exists():
        raise NotFound("There is no curriculum with this digest in this project.")
    approved = proposals.filter(state=ProposalState.APPROVED).first()
    if approved is None:
        raise NotApproved
    return approved


def _check(digest: str, name: str, classes: list[str], curriculum: CurriculumVersion) -> None:
    if not DIGEST.fullmatch(digest):
        raise BadInput(
            "The digest is the SHA-256 of the weights, 64 hexadecimal digits in lower case.", field="digest"
        )
    if not 1 <= len(name.strip()) <= 80:
        raise BadInput("Name what trained it in 1 to 80 characters.", field="name")
    known = classes_of(curriculum)
    if unknown := [one for one in classes if one not in known]:
        raise BadInput(
            f"{unknown[0][:40]!r} is no class of this curriculum; these are {', '.join(known)}.",
            field="classes",
        )
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise BadInput(
            "Name at least two classes, each once, in the order of the probabilities.", field="classes"
        )


def _run(proposal: Proposal, recipe: Recipe, by: User, at: datetime) -> TrainingRun:
    """A run that is under way in name only: what it made is there already."""
    run = TrainingRun.objects.create(
        project=proposal.project,
        curriculum=proposal.curriculum,
        proposal=None if TrainingRun.objects.filter(proposal=proposal).exists() else proposal,
        recipe=recipe,
        base=production(project=proposal.project),
        seed=0,
        created_by=by,
        created_at=at,
        round_number=proposal.round_number,
    )
    run.benchmarks.set(proposal.project.benchmarks.all())
    move(run, to=RunState.RUNNING, at=at, actor=by, started_at=at, heartbeat_at=at)
    return run


def report_predictions(
    *,
    model: ModelVersion,
    benchmark: Benchmark | None,
    source: IO[bytes],
    format: str,
    by: User,
    at: datetime,
) -> Measured:
    """Keep what an outside model predicts on a benchmark, once, and have it judged; or on what can be mined."""
    require(person=by, project=model.project, action="train")
    if not model.outside:
        raise TrainedHere
    asked = _asked(model, benchmark)
    found = read_reported(source, format=format, asked=asked)
    if benchmark:
        _check_whole(found, benchmark)
    elif not found.keys:
        raise BadInput("There is no row. Send the predictions as the request's body.", field="body")
    kept = _keep(model, benchmark, found, at)
    if benchmark is None:
        return Measured(kept, [], "Predictions on what can be mined are not judged.")
    try:
        return Measured(kept, judge_candidate(candidate=model, by=by, at=at))
    except DomainError as reason:
        return Measured(kept, [], reason.message)


def _asked(model: ModelVersion, benchmark: Benchmark | None) -> Asked:
    classes = len(model.classes)
    if benchmark:
        return Asked(
            classes, set(read_table("benchmarks", benchmark.digest, columns=["key"])["key"].to_pylist())
        )
    examples: Any = Example.objects.filter(minable(project=model.project))
    taught = read_table("curricula", model.curriculum_digest, columns=["key"])["key"].to_pylist()
    return Asked(classes, set(examples.values_list("key", flat=True)), set(taught))


def _check_whole(found: Reported, benchmark: Benchmark) -> None:
    missing = sorted(standing_keys(benchmark) - set(found.keys))
    if missing:
        raise BadInput(
            f"{len(missing):,} of the benchmark's rows have no prediction, such as {missing[0]!r}. "
            "A model is measured on all rows or not at all; send them all.",
            field="body",
        )


def _keep(model: ModelVersion, benchmark: Benchmark | None, found: Reported, at: datetime) -> PredictionSet:
    purpose = PredictionSet.Purpose.BENCHMARK if benchmark else PredictionSet.Purpose.POOL
    manifest = {"model": model.digest, "classes": model.classes, "purpose": str(purpose)}
    if benchmark:
        manifest["benchmark"] = benchmark.digest
    stored = write_table("predictions", found.batches(), schema=PREDICTIONS, manifest=manifest)
    return _record(model, benchmark, purpose, stored, at)


@transaction.atomic
def _record(
    model: ModelVersion, benchmark: Benchmark | None, purpose: str, stored: Stored, at: datetime
) -> PredictionSet:
    ModelVersion.objects.select_for_update(no_key=True).get(pk=model.pk)  # sent twice at once, kept once
    if benchmark and (known := measured_on(benchmark=benchmark, model=model)):
        if known.digest != stored.digest:
            raise MeasuredBefore(model, benchmark)
        return known
    digest = benchmark.digest if benchmark else ""
    return keep_predictions(model=model, purpose=purpose, stored=stored, at=at, benchmark=digest)
