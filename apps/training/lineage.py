"""Where a model came from and what came of it, and what a roll-back would lead to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from apps.annotation.models import Task
from apps.core.errors import NotFound
from apps.core.store import read_batches
from apps.curricula.models import CurriculumVersion
from apps.datasets.models import DatasetVersion
from apps.mining.models import MiningRun
from apps.projects.models import Project
from apps.registry.models import ModelVersion, PredictionRun, PredictionSet
from apps.registry.queries import models_of
from apps.training.models import Gate, TrainingRun
from apps.training.queries import gates_of


@dataclass(frozen=True)
class Mined:
    """One prediction set of the model, the run that mined it, and how many tasks that opened."""

    predictions: PredictionSet
    run: MiningRun | None
    tasks: int


@dataclass(frozen=True)
class Ancestry:
    """Upwards: run, curriculum, dataset, tasks and annotations. Downwards: predictions, mining, children."""

    run: TrainingRun | None
    curriculum: CurriculumVersion | None
    dataset: DatasetVersion | None
    tasks: int
    annotations: int
    mined: list[Mined]
    children: list[ModelVersion]
    gates: QuerySet[Gate]


def model_in(*, project: Project, number: int) -> ModelVersion:
    """The project's model version of this number; raises `NotFound`."""
    found = models_of(project=project).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such model version in this project.")
    return found


def ancestry_of(*, model: ModelVersion) -> Ancestry:
    runs = TrainingRun.objects.select_related("curriculum__dataset", "proposal", "recipe")
    run = runs.filter(model=model).first()
    curriculum = run.curriculum if run else None
    dataset = curriculum.dataset if curriculum else None
    tasks, annotations = _judgements(dataset) if dataset else (0, 0)
    return Ancestry(
        run=run,
        curriculum=curriculum,
        dataset=dataset,
        tasks=tasks,
        annotations=annotations,
        mined=_mined(model),
        children=list(model.children.order_by("number")),
        gates=gates_of(project=model.project).filter(candidate=model),
    )


def _judgements(dataset: DatasetVersion) -> tuple[int, int]:
    """How many tasks and annotations stand behind the rows."""
    tasks = annotations = 0
    for batch in read_batches("lineage", dataset.lineage_digest, columns=["annotations"]):
        tasks += batch.num_rows
        annotations += sum(len(ids) for ids in batch["annotations"].to_pylist())
    return tasks, annotations


def _mined(model: ModelVersion) -> list[Mined]:
    found = []
    for predictions in model.prediction_sets.order_by("pk"):
        runs = list(predictions.mining_runs.order_by("pk"))
        for run in runs:
            tasks = Task.objects.filter(mining_run_id=run.pk).exclude(reason=Task.Reason.GOLD)
            found.append(Mined(predictions, run, tasks.count()))
        if not runs:
            found.append(Mined(predictions, None, 0))
    return found


def prediction_run_of(*, model: ModelVersion) -> PredictionRun | None:
    """The model's newest run over what can be mined."""
    return model.prediction_runs.filter(benchmark="").order_by("-pk").first()
