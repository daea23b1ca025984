"""Webhook, an address that is told of events, and Delivery, one message to it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from apps.projects.models import Project


class WebhookState(models.TextChoices):
    ON = "on"
    OFF = "off"


class Webhook(models.Model):
    """An address outside that is told of a project's events. It follows the sealed audit chain by `position`.

    Its secret is derived from `salt`; after a rotation the one of `old_salt` signs too, until `old_salt_until`.
    """

    State = WebhookState
    MOVES: ClassVar[dict[str, set[str]]] = {
        WebhookState.ON: {WebhookState.OFF},
        WebhookState.OFF: {WebhookState.ON},
    }

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = models.JSONField()  # names of exchange.domain.webhooks.TOPICS
    state = models.CharField(max_length=3, choices=WebhookState.choices, default=WebhookState.ON)
    position = models.BigIntegerField()  # the number of the last sealed event that was looked at for it
    salt = models.CharField(max_length=64)
    old_salt = models.CharField(max_length=64, blank=True)
    old_salt_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)  # the first failure after the last success
    off_why = models.TextField(blank=True)  # where it was switched off by itself
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.url


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class Delivery(models.Model):
    """One message to a webhook. Its state is which of three times it has: the next try's, its arrival's, its death's.

    These are facts of the post, not of the project: they are no events of the audit chain.
    """

    State = DeliveryState

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message = models.UUIDField(default=uuid.uuid4)  # the same at every try, so that doubles can be told
    number = models.BigIntegerField(null=True)  # of the sealed event; a test has none
    event = models.CharField(max_length=40)
    body = models.TextField()  # what is signed and sent, byte for byte
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    died_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    answer = models.TextField(blank=True)  # its first bytes, or why there was none
    milliseconds = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "number"], name="one_delivery_per_event"),
            models.CheckConstraint(
                condition=models.Q(next_try_at__isnull=False, delivered_at=None, died_at=None)
                | models.Q(next_try_at=None, delivered_at__isnull=False, died_at=None)
                | models.Q(next_try_at=None, delivered_at=None, died_at__isnull=False),
                name="waiting_delivered_or_dead",
            ),
        ]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="delivery_log"),
            models.Index(
                fields=["webhook", "next_try_at"],
                condition=models.Q(next_try_at__isnull=False),
                name="delivery_to_try",
            ),
            models.Index(fields=["webhook"], condition=models.Q(died_at__isnull=False), name="delivery_dead"),
            models.Index(fields=["created_at"], name="delivery_to_forget"),
        ]

    @property
    def state(self) -> str:
        if self.delivered_at:
            return DeliveryState.DELIVERED
        return DeliveryState.DEAD if self.died_at else DeliveryState.WAITING

    @property
    def message_id(self) -> str:
        """The header `webhook-id`."""
        return f"msg_{self.message.hex}"
