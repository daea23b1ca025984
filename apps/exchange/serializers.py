"""Imports and their problems, webhooks and their deliveries, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import Person, RunOut
from apps.exchange.domain.webhooks import TOPICS
from apps.exchange.models import (
    Delivery,
    DeliveryState,
    ImportProblem,
    ImportRun,
    Webhook,
    WebhookState,
)


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
