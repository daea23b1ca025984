"""Assignment: one person's claim on a task, and what may follow what in `MOVES`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models

from apps.annotation.domain import VERB_OF
from apps.annotation.models.tasks import Task

if TYPE_CHECKING:
    from apps.annotation.models.answers import Reveal


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
            models.UniqueConstraint(
                fields=["task"],
                condition=models.Q(kind="adjudicate", state__in=["leased", "draft"]),
                name="one_lead_at_a_dispute",
            ),
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
    def is_blind(self) -> bool:
        """Whether what the model says must not reach this person: it is hidden, or not revealed yet."""
        mode = self.task.queue.protocol.body["suggestion"]
        return mode == "hidden" or (mode == "blind_first" and self.revealed_as is None)

    @property
    def revealed_as(self) -> Reveal | None:
        """What was answered before the model's word was revealed, None while it is not."""
        return getattr(self, "reveal", None)

    @property
    def reason_words(self) -> str:
        """Why it was left unanswered."""
        return VERB_OF[self.state].reasons.get(self.reason, self.reason)

    @property
    def draft_version(self) -> str:
        """What a later draft says it is based on; empty while there is none."""
        return self.draft_saved_at.isoformat() if self.draft_saved_at else ""
