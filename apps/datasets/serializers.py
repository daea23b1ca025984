"""Dataset versions and the runs that cut them, as the API gives them."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.serializers import Person, RunOut
from apps.datasets.models import DatasetVersion, SnapshotRun


class DatasetOut(serializers.ModelSerializer[DatasetVersion]):
    """The manifest of an immutable snapshot; `summary` counts what it took and left out, and why.

    How much of it was gold is not said: that is for those who manage it.
    """

    summary = serializers.JSONField(source="summary_without_gold")
    created_by = Person()

    class Meta:
        model = DatasetVersion
        fields = (
            "number",
            "digest",
            "lineage_digest",
            "rows",
            "summary",
            "round_number",
            "created_by",
            "created_at",
        )


class SnapshotRunOut(RunOut):
    """`dataset`: the digest of the version it cut; the same content as an earlier one is that one."""

    dataset = serializers.CharField(source="dataset.digest", default=None, allow_null=True)

    class Meta(RunOut.Meta):
        model = SnapshotRun
        fields: tuple[str, ...] = (*RunOut.Meta.fields, "dataset", "round_number")
