"""Which models there are, which is in production, what it predicted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.db.models import Q, QuerySet

from apps.examples.models import Example, Split
from apps.projects.models import Project
from apps.projects.queries import reading_of
from apps.registry.models import PRODUCTION, Alias, AliasMove, ModelVersion, PredictionSet


def models_of(*, project: Project) -> QuerySet[ModelVersion]:
    joined = ModelVersion.objects.select_related("parent", "training_run")
    return joined.prefetch_related("aliases").filter(project=project)


def aliases_of(*, project: Project) -> QuerySet[Alias]:
    return Alias.objects.select_related("model").filter(project=project).order_by("name")


def production(*, project: Project, name: str = PRODUCTION) -> ModelVersion | None:
    alias = Alias.objects.select_related("model").filter(project=project, name=name).first()
    return alias.model if alias else None


def ledger(*, project: Project, name: str = PRODUCTION) -> QuerySet[AliasMove]:
    return AliasMove.objects.select_related("from_model", "to_model", "by", "alias").filter(
        alias__project=project, alias__name=name
    )


def roll_back_target(*, project: Project, name: str = PRODUCTION) -> ModelVersion | None:
    """The model the alias would go back to: what it held before it came to its model; None where there is nothing."""
    current = production(project=project, name=name)
    moves = ledger(project=project, name=name).filter(to_model=current)
    came = moves.exclude(kind=AliasMove.Kind.ROLL_BACK).first() if current else None
    return came.from_model if came else None


def predictions_of(
    *, model: ModelVersion, purpose: str = PredictionSet.Purpose.POOL, benchmark: str = ""
) -> PredictionSet | None:
    """The newest set of this purpose by this model, on the benchmark of this digest where one is meant."""
    return model.prediction_sets.filter(purpose=purpose, benchmark=benchmark).first()


def classes_today(*, project: Project, classes: list[str]) -> tuple[list[str], npt.NDArray[np.float64]]:
    """A model's k classes as the protocol in force calls them, and what adds up probabilities of those that became one.

    The second is (k, m) for m names of today: `probs @ it`.
    """
    names = reading_of(project=project).names(classes)
    today = list(dict.fromkeys(names))
    return today, np.eye(len(today))[[today.index(name) for name in names]]


def minable(*, project: Project) -> Q:
    """Which examples can be mined: those in pool and train whose content was not purged."""
    return Q(project=project, split__in=[Split.POOL, Split.TRAIN], payload__body__isnull=False)


def minable_rows(project: Project) -> Iterator[pa.RecordBatch]:
    """key and payload (JSON text) of every example that can be mined, in key order."""
    examples = Example.objects.filter(minable(project=project)).select_related("payload").order_by("key")
    last = ""
    while batch := list(examples.filter(key__gt=last)[:1_000]):
        last = batch[-1].key
        bodies = [json.dumps(example.payload.body) for example in batch]
        yield pa.RecordBatch.from_pydict({"key": [example.key for example in batch], "payload": bodies})
