"""What people say: annotations, what was said before a reveal, and what is believed of it."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models

from apps.annotation.domain import CAUSES, is_wrong
from apps.annotation.models.assignments import Assignment
from apps.annotation.models.tasks import Task
from apps.examples.models import Example
from apps.projects.domain import CONDITIONS_WITHOUT_TARGET
from apps.projects.models import Protocol
from apps.registry.models import ModelVersion


class Condition(models.TextChoices):
    CLEAR = "clear"
    AMBIGUOUS = "ambiguous"
    OUT_OF_SCOPE = "out_of_scope"
    UNUSABLE = "unusable"


class Reveal(models.Model):
    """What somebody had answered when they asked for the model's word, and what they were told: once, for good."""

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="reveal")
    answers = models.JSONField()
    condition = models.CharField(max_length=12, choices=Condition.choices)
    confidence = models.PositiveSmallIntegerField(null=True)
    model = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    suggestion = models.JSONField()  # as `Task.prediction`
    active_ms = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


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
    reveal = models.ForeignKey(  # blind-first: the answer before the model's word was known
        Reveal, null=True, on_delete=models.PROTECT, related_name="annotations", db_index=False
    )
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
            models.CheckConstraint(
                condition=models.Q(reveal=None) | models.Q(revealed=True), name="a_reveal_was_revealed"
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

    @property
    def model_is_wrong(self) -> bool | None:
        """Whether the prediction that was shown differs; None where there was none, or there is no label."""
        return is_wrong((self.task.prediction or {}).get("label"), self.label)

    @property
    def given_label_is_wrong(self) -> bool | None:
        """Whether the label that came with the example differs; None where there was none, or there is no label."""
        return is_wrong(self.task.given_label, self.label)
