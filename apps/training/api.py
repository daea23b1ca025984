"""Operations on recipes, benchmarks, training runs, gates; and the moves of aliases."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.api import Keyset, operation
from apps.core.errors import NotFound
from apps.core.serializers import Note, Reason
from apps.projects.api import ProjectView, RowView, run_views
from apps.registry.models import PRODUCTION, ModelVersion
from apps.registry.queries import aliases_of
from apps.registry.serializers import AliasMoveOut, AliasOut
from apps.training.models import Benchmark, Gate, Recipe, TrainingRun
from apps.training.queries import gates_of, runs_of
from apps.training.serializers import (
    AddRecipe,
    BenchmarkOut,
    FreezeBenchmark,
    GateOut,
    MoveAlias,
    RecipeOut,
    StartTraining,
    TrainingRunDetailOut,
    TrainingRunOut,
)
from apps.training.services import gates, runs


class Recipes(ProjectView):
    may = {"GET": "view", "POST": "train"}
    pagination_class = Keyset

    @operation(gives=RecipeOut, many=True)
    def get(self) -> Any:
        return Recipe.objects.filter(project=self.project)

    @operation(takes=AddRecipe, gives=RecipeOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return runs.add_recipe(project=self.project, by=self.person, at=timezone.now(), **values)


class Benchmarks(ProjectView):
    may = {"GET": "view", "POST": "train"}
    pagination_class = Keyset

    @operation(gives=BenchmarkOut, many=True)
    def get(self) -> Any:
        return Benchmark.objects.select_related("owner").filter(project=self.project)

    @operation(takes=FreezeBenchmark, gives=BenchmarkOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return gates.freeze_benchmark(project=self.project, by=self.person, at=timezone.now(), **values)


class TrainingRuns(ProjectView):
    may = {"GET": "view", "POST": "train"}
    pagination_class = Keyset

    @operation(gives=TrainingRunOut, many=True)
    def get(self) -> Any:
        return runs_of(project=self.project)

    @operation(takes=StartTraining, gives=TrainingRunOut, status=202)
    def post(self, values: dict[str, Any]) -> Any:
        proposal = values.pop("proposal")
        if not self.project.proposals.filter(pk=proposal).exists():
            raise NotFound("There is no such proposal in this project.")
        return runs.start_training(proposal_id=proposal, by=self.person, at=timezone.now(), **values)


TrainingRunDetail, TrainingRunCancel, TrainingRunRetry = run_views(
    TrainingRun,
    through="training_runs",
    gives=TrainingRunDetailOut,
    select=("curriculum", "recipe", "base", "model"),
)


class JudgeModel(RowView):
    """Compare the candidate with the model in production on every benchmark, once more: one gate for each."""

    may = {"POST": "train"}
    rows, through = ModelVersion, "models"

    @operation(gives=GateOut, many=True, status=201)
    def post(self) -> Any:
        return gates.judge_candidate(candidate=self.row, by=self.person, at=timezone.now())


class Gates(ProjectView):
    may = {"GET": "view"}
    pagination_class = Keyset

    @operation(gives=GateOut, many=True)
    def get(self) -> Any:
        return gates_of(project=self.project)


class OneGate(RowView):
    rows, through = Gate, "gates"

    @property
    def where(self) -> dict[str, Any]:
        return {
            "gate_id": self.kwargs["id"],
            "project": self.project,
            "by": self.person,
            "at": timezone.now(),
        }


class GateDetail(OneGate):
    may = {"GET": "view"}

    @operation(gives=GateOut)
    def get(self) -> Any:
        return gates_of(project=self.project).get(pk=self.kwargs["id"])


class PromoteGate(OneGate):
    """Put the candidate into production: on a passed gate, or as the second lead of an override."""

    may = {"POST": "promote"}

    @operation(takes=Note, gives=AliasMoveOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return gates.promote(**self.where, **values)


class RejectGate(OneGate):
    """Leave the candidate out of production."""

    may = {"POST": "promote"}

    @operation(takes=Reason, gives=GateOut)
    def post(self, values: dict[str, Any]) -> Any:
        return gates.reject(**self.where, **values)


class OverrideGate(OneGate):
    """One lead's half of an override. The other half is a second lead's promotion."""

    may = {"POST": "promote"}

    @operation(takes=Reason, gives=GateOut)
    def post(self, values: dict[str, Any]) -> Any:
        return gates.ask_override(**self.where, **values)


class AliasDetail(ProjectView):
    """Where the alias points; posting moves it, through a gate or back."""

    may = {"GET": "view", "POST": "promote"}

    @operation(gives=AliasOut)
    def get(self) -> Any:
        alias = aliases_of(project=self.project).filter(name=self.kwargs["name"]).first()
        if alias is None:
            raise NotFound(f"Nothing has been promoted to {self.kwargs['name']!r} yet.")
        return alias

    @operation(takes=MoveAlias, gives=AliasMoveOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        common: dict[str, Any] = {"project": self.project, "by": self.person, "at": timezone.now()}
        if values["action"] == "roll_back":
            return gates.roll_back(name=self.kwargs["name"], reason=values["reason"], **common)
        if self.kwargs["name"] != PRODUCTION:
            raise NotFound(f"Gates promote to {PRODUCTION!r} only.")
        return gates.promote(gate_id=values["gate"], note=values["note"], **common)
