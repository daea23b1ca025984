"""Recipes, benchmarks, training runs and gates, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import Person, RunOut
from apps.registry.serializers import PredictionSetOut
from apps.training.models import Benchmark, Gate, GateState, Recipe, TrainingRun


class RecipeOut(serializers.ModelSerializer[Recipe]):
    """A training procedure with its budget; the newest is used by every run from then on."""

    class Meta:
        model = Recipe
        fields = ("version", "learner", "params", "budget_seconds", "cross_fit", "created_at")


class AddRecipe(serializers.Serializer[Any]):
    learner = serializers.CharField(max_length=40, help_text="The learner's name for it, such as image-cnn")
    params = serializers.DictField(required=False)
    budget_seconds = serializers.IntegerField(default=300, help_text="1 to 604800")
    cross_fit = serializers.IntegerField(default=5, help_text="Folds, 2 to 20: mining needs what they give")


class BenchmarkOut(serializers.ModelSerializer[Benchmark]):
    """A frozen set with the plan its candidates are judged by."""

    owner = Person()

    class Meta:
        model = Benchmark
        fields = ("name", "digest", "rows", "plan", "owner", "frozen_at")


class FreezeBenchmark(serializers.Serializer[Any]):
    """Freezes all labelled examples of the split `benchmark`. `plan`: margins and floors, see docs/api.md."""

    name = serializers.CharField(max_length=80)
    plan = serializers.DictField(required=False, default=dict)


class StartTraining(serializers.Serializer[Any]):
    """An approved proposal trains once: asked again, the answer is its run."""

    proposal = serializers.IntegerField()
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


class TrainingRunOut(RunOut):
    """One fit; `curve` has one entry per epoch, `model` the number of the version it made."""

    curriculum = serializers.CharField(source="curriculum.digest")
    proposal = serializers.IntegerField(source="proposal_id", allow_null=True)
    recipe = serializers.IntegerField(source="recipe.version")
    base = serializers.IntegerField(source="base.number", default=None, allow_null=True)
    model = serializers.IntegerField(source="model.number", default=None, allow_null=True)
    model_id = serializers.IntegerField(allow_null=True)
    benchmarks = serializers.SlugRelatedField("name", many=True, read_only=True)  # type: ignore[var-annotated]

    class Meta(RunOut.Meta):
        model = TrainingRun
        fields: tuple[str, ...] = (
            *RunOut.Meta.fields,
            "curriculum",
            "proposal",
            "recipe",
            "base",
            "seed",
            "model",
            "model_id",
            "benchmarks",
            "round_number",
        )


class TrainingRunDetailOut(TrainingRunOut):
    class Meta(TrainingRunOut.Meta):
        fields: tuple[str, ...] = (*TrainingRunOut.Meta.fields, "curve", "report", "log")


class CheckOut(serializers.Serializer[Any]):
    """One line of the gate: a difference to the baseline, or a share for a floor, with its interval and n."""

    name = serializers.CharField()
    kind = serializers.CharField()
    verdict = serializers.ChoiceField(choices=Gate.Verdict.choices)
    estimate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    threshold = serializers.FloatField()
    why = serializers.CharField()
    detail = serializers.DictField()


class GateOut(serializers.ModelSerializer[Gate]):
    """The comparison of a candidate with the model in production on one benchmark.

    The gates of one `judgement` are decided on together, by their `overall` verdict: all of them have to pass.
    """

    benchmark = serializers.CharField(source="benchmark.name")
    candidate = serializers.IntegerField(source="candidate.number")
    baseline = serializers.IntegerField(source="baseline.number", default=None, allow_null=True)
    verdict = serializers.ChoiceField(choices=Gate.Verdict.choices)
    overall = serializers.ChoiceField(choices=Gate.Verdict.choices)
    state = serializers.ChoiceField(choices=GateState.choices)
    checks = CheckOut(many=True)
    decided_by = Person()
    override_by = Person()

    class Meta:
        model = Gate
        fields: tuple[str, ...] = (
            "id",
            "judgement",
            "benchmark",
            "candidate",
            "baseline",
            "verdict",
            "overall",
            "state",
            "checks",
            "plan",
            "plan_digest",
            "decided_by",
            "decided_at",
            "decision_note",
            "override_by",
            "override_reason",
            "round_number",
            "created_at",
        )


class MoveAlias(serializers.Serializer[Any]):
    """`{"action": "promote", "gate": id}` or `{"action": "roll_back", "reason": "…"}`."""

    action = serializers.ChoiceField(choices=["promote", "roll_back"])
    gate = serializers.IntegerField(required=False)
    note = serializers.CharField(max_length=4_000, allow_blank=True, default="")
    reason = serializers.CharField(max_length=4_000, allow_blank=True, default="")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["action"] == "promote" and "gate" not in values:
            raise serializers.ValidationError({"gate": "Name the gate that the candidate passed."})
        return values


class ReportModel(serializers.Serializer[Any]):
    """A model that was trained elsewhere. Its classes are in the order of its probabilities."""

    curriculum = serializers.CharField(
        max_length=64, help_text="Digest of the approved curriculum it was taught"
    )
    digest = serializers.CharField(max_length=64, help_text="SHA-256 of its weights")
    name = serializers.CharField(max_length=80, help_text="What trained it, such as sklearn-logistic")
    classes = serializers.ListField(child=serializers.CharField(max_length=200), max_length=10_000)


class MeasuredOut(serializers.Serializer[Any]):
    """What was kept, and the judgement it led to: one gate per benchmark, or why there is none yet."""

    prediction_set = PredictionSetOut()
    gates = GateOut(many=True)
    not_judged = serializers.CharField()
