"""Operations on model versions, prediction runs and aliases. Moving an alias is training's business."""

from __future__ import annotations

from typing import Any

from apps.core.api import Keyset, operation
from apps.projects.api import ProjectView, RowView, run_views
from apps.registry.models import ModelVersion, PredictionRun
from apps.registry.queries import aliases_of, ledger, models_of
from apps.registry.serializers import (
    AliasMoveOut,
    AliasOut,
    ModelOut,
    PredictionRunDetailOut,
    PredictionRunOut,
)


class Models(ProjectView):
    may = {"GET": "view"}
    pagination_class = Keyset

    @operation(gives=ModelOut, many=True)
    def get(self) -> Any:
        return models_of(project=self.project)


class ModelDetail(RowView):
    may = {"GET": "view"}
    rows, through = ModelVersion, "models"

    @operation(gives=ModelOut)
    def get(self) -> Any:
        return models_of(project=self.project).get(pk=self.kwargs["id"])


class PredictionRuns(ProjectView):
    may = {"GET": "view"}
    pagination_class = Keyset

    @operation(gives=PredictionRunOut, many=True)
    def get(self) -> Any:
        runs = PredictionRun.objects.select_related("model", "prediction_set__model", "created_by")
        return runs.filter(project=self.project)


PredictionRunDetail, PredictionRunCancel, PredictionRunRetry = run_views(
    PredictionRun,
    through="prediction_runs",
    gives=PredictionRunDetailOut,
    select=("model", "prediction_set__model"),
)


class Aliases(ProjectView):
    may = {"GET": "view"}

    @operation(gives=AliasOut, many=True)
    def get(self) -> Any:
        return aliases_of(project=self.project)


class Ledger(ProjectView):
    """Every move of the alias, newest first."""

    may = {"GET": "view"}
    pagination_class = Keyset

    @operation(gives=AliasMoveOut, many=True)
    def get(self) -> Any:
        return ledger(project=self.project, name=self.kwargs["name"])
