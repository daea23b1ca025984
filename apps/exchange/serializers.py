"""Imports and their problems, as the API gives them."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.serializers import RunOut
from apps.exchange.models import ImportProblem, ImportRun


class ImportOut(RunOut):
    """An import, its progress in rows. Bad rows are told under `errors/`; good rows are kept."""

    class Meta(RunOut.Meta):
        model = ImportRun
        fields: tuple[str, ...] = (
            *RunOut.Meta.fields,
            "kind",
            "format",
            "on_conflict",
            "name",
            "rows_read",
            "rows_created",
            "rows_updated",
            "rows_skipped",
            "rows_bad",
            "round_number",
        )


class ImportProblemOut(serializers.ModelSerializer[ImportProblem]):
    """One bad row, from 1; `message` says how to mend it."""

    class Meta:
        model = ImportProblem
        fields = ("row", "field", "code", "message")
