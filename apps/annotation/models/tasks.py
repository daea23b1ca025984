"""Queue and Task: what may follow what stands in `MOVES`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce

from apps.annotation.domain import priority_words
from apps.examples.models import Example, Payload
from apps.projects.domain import EVERYBODY
from apps.projects.models import Group, Project, Protocol
from apps.registry.models import ModelVersion


class Queue(models.Model):
    """The open tasks of one project and protocol; can be paused."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="queues")
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="queues")
    name = models.CharField(max_length=80)
    paused_at = models.DateTimeField(null=True)
    lease_seconds = models.PositiveIntegerField(default=600)
    gold_rate = models.FloatField(
        default=0.1
    )  # share of leases that are served gold, while there is gold unseen
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "protocol"], name="one_queue_per_protocol"),
            models.CheckConstraint(
                condition=models.Q(gold_rate__gte=0, gold_rate__lte=0.5), name="gold_rate_range"
            ),
        ]


class TaskState(models.TextChoices):
    OPEN = "open"
    AGREED = "agreed"
    CONFLICT = "conflict"
    ESCALATED = "escalated"
    SETTLED = "settled"
    EXCLUDED = "excluded"
    WITHDRAWN = "withdrawn"


CLOSED = (TaskState.AGREED, TaskState.SETTLED)
"""States in which a task has its verdict."""


DISPUTED = (TaskState.CONFLICT, TaskState.ESCALATED)
"""States in which a task waits for a lead."""


MAY_BE_ASKED = (TaskState.OPEN, TaskState.EXCLUDED)
"""States in which a person may still be given the task: a lead may put back what was excluded."""


UNFINISHED = (TaskState.OPEN, *DISPUTED)
"""States in which a task still waits for somebody."""


class Task(models.Model):
    """Asks people about one example. Its payload, prediction and reason are pinned when it opens."""

    State = TaskState
    MOVES: ClassVar[dict[str, set[str]]] = {
        TaskState.OPEN: {
            TaskState.AGREED,
            TaskState.CONFLICT,
            TaskState.ESCALATED,
            TaskState.EXCLUDED,
            TaskState.WITHDRAWN,
        },
        TaskState.AGREED: {TaskState.CONFLICT, TaskState.ESCALATED},
        TaskState.CONFLICT: {
            TaskState.AGREED,
            TaskState.ESCALATED,
            TaskState.EXCLUDED,
            TaskState.SETTLED,
            TaskState.WITHDRAWN,
        },
        TaskState.ESCALATED: {TaskState.SETTLED, TaskState.WITHDRAWN},
        TaskState.SETTLED: {TaskState.ESCALATED},
        TaskState.EXCLUDED: {TaskState.OPEN, TaskState.ESCALATED},
        TaskState.WITHDRAWN: set(),
    }

    class Reason(models.TextChoices):
        AUDIT = "audit"
        MARGIN = "margin"
        LABEL_ERROR = "label_error"
        GOLD = "gold"

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="tasks")
    payload = models.ForeignKey(Payload, on_delete=models.PROTECT, related_name="+", db_index=False)
    mining_run_id = models.BigIntegerField(null=True, db_index=True)  # mining stands above
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    why = models.TextField()  # the reason in plain words, shown on the desk
    given_label = models.CharField(max_length=200, null=True)
    signals = models.JSONField(default=dict)
    stratum = models.CharField(max_length=16)
    inclusion_probability = models.FloatField(null=True)
    model = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    prediction = models.JSONField(null=True)  # {"label", "score", "top": [[label, score], …]}
    overlap = models.PositiveSmallIntegerField(default=2)
    open_slots = models.SmallIntegerField()  # overlap less live assignments; kept by a trigger on Assignment
    priority = models.FloatField(default=0)  # its whole part is what people call the priority; the rest mixes
    reserved_for = (
        models.ForeignKey(  # nobody else is served it; whatever dissolves the group leaves it to all
            Group, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
        )
    )
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(open_slots__gte=0), name="never_more_than_overlap"),
            models.CheckConstraint(
                condition=models.Q(stratum="certainty", inclusion_probability=None)
                | models.Q(stratum="audit", inclusion_probability__gt=0, inclusion_probability__lte=1)
                | models.Q(stratum="gold", inclusion_probability=None),
                name="inclusion_probability_is_known_or_certain",
            ),
            models.UniqueConstraint(fields=["mining_run_id", "example"], name="one_task_per_mined_example"),
            models.CheckConstraint(
                condition=~models.Q(reason="gold") | models.Q(reserved_for=None), name="gold_is_for_everybody"
            ),
        ]
        indexes = [
            models.Index(  # the lease looks at the first of each audience: docs/decisions/0015
                "queue",
                Coalesce("reserved_for", 0, output_field=models.BigIntegerField()),
                models.F("priority").desc(),
                "id",
                name="task_to_lease",
                condition=models.Q(state="open", open_slots__gt=0) & ~models.Q(reason="gold"),
            ),
            models.Index(
                fields=["reserved_for"],
                name="task_reserved",
                condition=models.Q(reserved_for__isnull=False),
            ),
            models.Index(
                fields=["queue", "-priority", "id"],
                name="gold_to_lease",
                condition=models.Q(state="open", open_slots__gt=0, reason="gold"),
            ),
            models.Index(fields=["queue", "state", "-id"], name="task_by_state"),
        ]

    @property
    def project_id(self) -> int:
        return self.queue.project_id

    @property
    def taken(self) -> int:
        """How many of its answers have been given, or are on a desk."""
        return self.overlap - self.open_slots

    @property
    def priority_words(self) -> str:
        return priority_words(self.priority)

    @property
    def audience(self) -> str:
        """Whom it is reserved for, as forms and the API call them."""
        return self.reserved_for.address if self.reserved_for else EVERYBODY
