"""Queue, Task, Assignment, Annotation, Consensus: what may follow what stands in each `MOVES`."""

from __future__ import annotations

from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models

from apps.annotation.domain import CAUSES, VERB_OF
from apps.examples.models import Example, Payload
from apps.projects.domain import CONDITIONS_WITHOUT_TARGET
from apps.projects.models import Project, Protocol
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
    priority = models.FloatField(default=0)
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
        ]
        indexes = [
            models.Index(
                fields=["queue", "-priority", "id"],
                name="task_to_lease",
                condition=models.Q(state="open", open_slots__gt=0) & ~models.Q(reason="gold"),
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


class AssignmentState(models.TextChoices):
    LEASED = "leased"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    ESCALATED = "escalated"
    EXCLUDED = "excluded"
    EXPIRED = "expired"
    SURPLUS = "surplus"


LIVE = (AssignmentState.LEASED, AssignmentState.DRAFT, AssignmentState.SUBMITTED)
"""States that hold one of a task's `overlap` slots."""


HOLDING = (AssignmentState.LEASED, AssignmentState.DRAFT)
"""States in which a person holds a task on their desk."""


def _live(record: str) -> str:
    states = ", ".join(f"'{state.value}'" for state in LIVE)
    return f"({record}.kind = 'annotate' AND {record}.state IN ({states}))"


class Assignment(models.Model):
    """One person's claim on a task. `draft` is a submitted answer that its author has reopened."""

    State = AssignmentState
    MOVES: ClassVar[dict[str, set[str]]] = {
        AssignmentState.LEASED: {
            AssignmentState.SUBMITTED,
            AssignmentState.SKIPPED,
            AssignmentState.ESCALATED,
            AssignmentState.EXCLUDED,
            AssignmentState.EXPIRED,
            AssignmentState.SURPLUS,
        },
        AssignmentState.DRAFT: {AssignmentState.SUBMITTED, AssignmentState.SURPLUS},
        AssignmentState.SUBMITTED: {AssignmentState.DRAFT},
        AssignmentState.EXPIRED: {AssignmentState.LEASED, AssignmentState.SUBMITTED, AssignmentState.SURPLUS},
        AssignmentState.SKIPPED: set(),
        AssignmentState.ESCALATED: set(),
        AssignmentState.EXCLUDED: set(),
        AssignmentState.SURPLUS: set(),
    }

    class Kind(models.TextChoices):
        ANNOTATE = "annotate"
        ADJUDICATE = "adjudicate"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ANNOTATE)
    state = models.CharField(max_length=10, choices=AssignmentState.choices, default=AssignmentState.LEASED)
    leased_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    draft = models.JSONField(null=True)
    draft_saved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True)  # why it was left unanswered
    note = models.TextField(blank=True)
    current = models.ForeignKey(
        "annotation.Annotation", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "person"], name="one_assignment_each"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["submitted", "surplus"]) | models.Q(current__isnull=False),
                name="answered_means_an_annotation",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "lease_expires_at"],
                name="assignment_held",
                condition=models.Q(state__in=["leased", "draft"]),
            ),
            models.Index(
                fields=["lease_expires_at"],
                name="assignment_expiring",
                condition=models.Q(state__in=["leased", "draft"]),
            ),
            models.Index(fields=["person", "-closed_at"], name="assignment_history"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="slot_taken",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func=(
                    f"IF {_live('NEW')} THEN UPDATE annotation_task SET open_slots = open_slots - 1 "
                    "WHERE id = NEW.task_id; END IF; RETURN NULL;"
                ),
            ),
            pgtrigger.Trigger(
                name="slot_moved",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
                func=(
                    f"IF {_live('NEW')} <> {_live('OLD')} THEN UPDATE annotation_task SET open_slots = open_slots "
                    f"+ CASE WHEN {_live('OLD')} THEN 1 ELSE -1 END WHERE id = NEW.task_id; END IF; RETURN NULL;"
                ),
            ),
        ]

    @property
    def project_id(self) -> int:
        return self.task.project_id

    @property
    def reason_words(self) -> str:
        """Why it was left unanswered."""
        return VERB_OF[self.state].reasons.get(self.reason, self.reason)

    @property
    def draft_version(self) -> str:
        """What a later draft says it is based on; empty while there is none."""
        return self.draft_saved_at.isoformat() if self.draft_saved_at else ""


class Condition(models.TextChoices):
    CLEAR = "clear"
    AMBIGUOUS = "ambiguous"
    OUT_OF_SCOPE = "out_of_scope"
    UNUSABLE = "unusable"


class Annotation(models.Model):
    """One immutable revision of one person's answer."""

    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, related_name="annotations", db_index=False
    )
    revision = models.PositiveSmallIntegerField(default=1)
    answers = models.JSONField()
    condition = models.CharField(max_length=12, choices=Condition.choices, default=Condition.CLEAR)
    confidence = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="+", db_index=False)
    model = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    suggestion = models.JSONField(null=True)
    revealed = models.BooleanField(default=False)
    active_ms = models.PositiveIntegerField(default=0)
    request_key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="one_annotation_per_revision"),
            models.UniqueConstraint(fields=["assignment", "request_key"], name="one_annotation_per_request"),
            models.CheckConstraint(
                condition=models.Q(confidence=None) | models.Q(confidence__gte=1, confidence__lte=4),
                name="confidence_range",
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    @property
    def as_draft(self) -> dict[str, Any]:
        """The draft that brings this answer back to the desk."""
        return {
            "answers": self.answers,
            "condition": self.condition,
            "confidence": self.confidence,
            "comment": self.comment,
        }


class Consensus(models.Model):
    """What we believe about an example after one task: a label posterior with its sources."""

    task = models.OneToOneField(Task, on_delete=models.PROTECT, related_name="consensus")
    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="consensuses")
    label = models.CharField(max_length=200, null=True)
    condition = models.CharField(max_length=12, choices=Condition.choices)
    posterior = models.JSONField()  # {label: probability}
    method = models.CharField(max_length=24)
    sources = models.JSONField()  # ids of the annotations it was made from
    cause = models.CharField(max_length=24, blank=True)  # why people differed, as the adjudicator saw it
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(label__isnull=False)
                | models.Q(condition__in=list(CONDITIONS_WITHOUT_TARGET)),
                name="usable_consensus_has_a_label",
            )
        ]

    @property
    def cause_words(self) -> str:
        return CAUSES.get(self.cause, self.cause)
