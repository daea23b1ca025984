"""The audit chain (`Event`, `EventSeal`) and `Run`, the row that is the truth of every job."""

from __future__ import annotations

from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models


class Event(models.Model):
    """One line of the append-only audit chain. Inserted unchained; the sealer numbers and chains it."""

    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    project_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["project_id", "-id"], name="event_by_project"),
            models.Index(fields=["object_type", "object_id"], name="event_by_object"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class EventSeal(models.Model):
    """The place of one event in the chain: its number and the hash over it and all before it."""

    number = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="seal")
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class RunState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Run(models.Model):
    """Work for a worker. The row is the truth; the broker's message is a wake-up that may be lost or doubled."""

    State = RunState
    JOB: ClassVar[Any]  # the core.jobs.Job that does this work; each kind of run names its own
    MOVES: ClassVar[dict[str, set[str]]] = {
        RunState.QUEUED: {RunState.RUNNING, RunState.CANCELLED, RunState.FAILED},
        RunState.RUNNING: {RunState.DONE, RunState.FAILED, RunState.CANCELLED, RunState.QUEUED},
        RunState.FAILED: {RunState.QUEUED},
        RunState.CANCELLED: {RunState.QUEUED},
    }

    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.QUEUED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    woken_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.state in {RunState.DONE, RunState.FAILED, RunState.CANCELLED}

    def seconds(self, at: Any) -> float | None:
        """How long it has run, or ran: None while it waits."""
        if self.started_at is None:
            return None
        return float(((self.finished_at or at) - self.started_at).total_seconds())
