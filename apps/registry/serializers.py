"""Model versions, aliases and their ledger, as the API gives them."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.serializers import Person, RunOut
from apps.registry.models import Alias, AliasMove, ModelVersion, PredictionRun, PredictionSet


class ModelOut(serializers.ModelSerializer[ModelVersion]):
    """A model version. Its weights lie in the store under `digest`; those of one trained `outside`, elsewhere."""

    parent = serializers.IntegerField(  # type: ignore[assignment]  # a serializer has a `parent` of its own
        source="parent.number", default=None, allow_null=True
    )
    training_run_id = serializers.IntegerField(source="training_run.pk", default=None, allow_null=True)
    aliases = serializers.SlugRelatedField("name", many=True, read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = ModelVersion
        fields = (
            "id",
            "number",
            "digest",
            "recipe",
            "parent",
            "training_run_id",
            "curriculum_digest",
            "classes",
            "outside",
            "metrics",
            "aliases",
            "round_number",
            "created_at",
        )


class PredictionSetOut(serializers.ModelSerializer[PredictionSet]):
    """One model version's outputs on many examples: a table in the store."""

    model = serializers.IntegerField(source="model.number")
    purpose = serializers.ChoiceField(choices=PredictionSet.Purpose.choices)

    class Meta:
        model = PredictionSet
        fields = ("id", "model", "purpose", "benchmark", "digest", "rows", "created_at")


class PredictionRunOut(RunOut):
    """A model run over everything that can be mined, or over the benchmark of this digest; and the set it made."""

    model = serializers.IntegerField(source="model.number")
    prediction_set = PredictionSetOut(allow_null=True)

    class Meta(RunOut.Meta):
        model = PredictionRun
        fields: tuple[str, ...] = (
            *RunOut.Meta.fields,
            "model",
            "benchmark",
            "prediction_set",
            "round_number",
        )


class PredictionRunDetailOut(PredictionRunOut):
    class Meta(PredictionRunOut.Meta):
        fields: tuple[str, ...] = (*PredictionRunOut.Meta.fields, "log")


class AliasOut(serializers.ModelSerializer[Alias]):
    """Where the name points now: a model and the curriculum that made it."""

    model = serializers.IntegerField(source="model.number")

    class Meta:
        model = Alias
        fields = ("name", "model", "curriculum_digest", "moved_at")


class AliasMoveOut(serializers.ModelSerializer[AliasMove]):
    """One line of an alias's ledger."""

    alias = serializers.CharField(source="alias.name")
    kind = serializers.ChoiceField(choices=AliasMove.Kind.choices)
    from_model = serializers.IntegerField(source="from_model.number", default=None, allow_null=True)
    to_model = serializers.IntegerField(source="to_model.number")
    by = Person()

    class Meta:
        model = AliasMove
        fields = (
            "id",
            "alias",
            "kind",
            "from_model",
            "to_model",
            "from_curriculum",
            "to_curriculum",
            "gate_id",
            "reason",
            "by",
            "at",
        )
