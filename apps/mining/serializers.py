"""Mining runs, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import RunOut
from apps.mining.models import MiningRun


class StartMining(serializers.Serializer[Any]):
    """Everything may be left out: the newest predictions of the model in production, under the usual policy."""

    policy = serializers.DictField(
        required=False,
        help_text="Tasks by reason (audit, margin, label_error), answers per task (overlap), and whom they are for "
        "(reserved_for: `everybody`, `group:` and a group's name, or `person:` and a username)",
    )
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    prediction_set = serializers.IntegerField(required=False)


class MiningRunOut(RunOut):
    """`frame`: how many examples it chose from; `opened`: tasks opened, by reason."""

    opened = serializers.SerializerMethodField()

    class Meta(RunOut.Meta):
        model = MiningRun
        fields: tuple[str, ...] = (
            *RunOut.Meta.fields,
            "prediction_set",
            "policy",
            "seed",
            "frame",
            "opened",
            "round_number",
        )

    def get_opened(self, run: MiningRun) -> dict[str, int]:
        """Gold left out: how much of it there is, is for those who manage it."""
        return {reason: count for reason, count in run.opened.items() if reason != "gold"}
