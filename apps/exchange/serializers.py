"""Imports and their problems, exports, webhooks and their deliveries, as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.serializers import Person, RunOut
from apps.exchange.domain.formats import CHOICES, WHAT
from apps.exchange.domain.webhooks import TOPICS
from apps.exchange.models import (
    Delivery,
    DeliveryState,
    ExportRun,
    ImportProblem,
    ImportRun,
    Webhook,
    WebhookState,
)
from apps.exchange.queries.exports import kept_until


class ImportOut(RunOut):
    """An import, its progress in rows. Bad rows are told under `errors/`; good rows are kept, but by a dry run."""

    class Meta(RunOut.Meta):
        model = ImportRun
        fields: tuple[str, ...] = (
            *RunOut.Meta.fields,
            "kind",
            "format",
            "on_conflict",
            "name",
            "mapping",
            "dry_run",
            "stop_after",
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


class WebhookIn(serializers.Serializer[Any]):
    """Where to post, and of which events."""

    url = serializers.CharField(max_length=500)
    events = serializers.ListField(child=serializers.CharField(max_length=40), help_text=", ".join(TOPICS))


class WebhookOut(serializers.ModelSerializer[Webhook]):
    """An address that is told of events. `failing_since`: the first failure after the last success."""

    state = serializers.ChoiceField(choices=WebhookState.choices)
    events = serializers.ListField(child=serializers.CharField())
    old_secret_until = serializers.DateTimeField(
        source="old_salt_until", allow_null=True, help_text="Until then the secret before signs, too"
    )
    created_by = Person()

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = (
            "id",
            "url",
            "events",
            "state",
            "off_why",
            "failing_since",
            "old_secret_until",
            "created_by",
            "created_at",
        )


class SecretOut(serializers.Serializer[Any]):
    """The webhook, and the secret its messages are signed with, which is given this once."""

    webhook = WebhookOut()
    secret = serializers.CharField()


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    """One message, and what came of the last try: its status and first bytes, or why there was no answer."""

    state = serializers.ChoiceField(choices=DeliveryState.choices)
    message_id = serializers.CharField(help_text="The header `webhook-id`, the same at every try")

    class Meta:
        model = Delivery
        fields = (
            "id",
            "message_id",
            "event",
            "state",
            "body",
            "tries",
            "created_at",
            "tried_at",
            "next_try_at",
            "delivered_at",
            "died_at",
            "status",
            "answer",
            "milliseconds",
        )


class Replayed(serializers.Serializer[Any]):
    deliveries = serializers.IntegerField(help_text="How many dead letters are sent again")


class StartExport(serializers.Serializer[Any]):
    """`version` is the hash of the dataset or curriculum version; the others have none.

    `benchmark` adds the benchmark's rows to examples and annotations, `names` people's usernames to annotations.
    """

    what = serializers.ChoiceField(choices=list(WHAT))
    format = serializers.ChoiceField(choices=CHOICES)
    version = serializers.CharField(max_length=64, allow_blank=True, default="")
    benchmark = serializers.BooleanField(default=False)
    names = serializers.BooleanField(default=False)


class ExportOut(RunOut):
    """An export. `digest` is the hash of the version, or of the rows once they are written; `file` where they are.

    `manifest` counts rows by split, licence and source of the label, and says what was purged.
    """

    file = serializers.SerializerMethodField()
    kept_until = serializers.SerializerMethodField()
    what = serializers.ChoiceField(choices=list(WHAT))
    format = serializers.ChoiceField(choices=CHOICES)
    manifest = serializers.DictField(help_text="Empty until it is done")

    class Meta(RunOut.Meta):
        model = ExportRun
        fields: tuple[str, ...] = (
            *RunOut.Meta.fields,
            "what",
            "format",
            "benchmark",
            "names",
            "digest",
            "rows",
            "name",
            "size",
            "sha256",
            "file",
            "kept_until",
            "removed_at",
            "manifest",
        )

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_file(self, run: ExportRun) -> str | None:
        """The file's address; null while there is none."""
        return reverse("api-export-file", args=[run.pk]) if run.downloadable else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_kept_until(self, run: ExportRun) -> datetime | None:
        return kept_until(run)
