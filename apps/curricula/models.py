"""CurriculumVersion, Proposal, Approval."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models

from apps.core.jobs import PROPOSE
from apps.core.models import Run
from apps.datasets.models import DatasetVersion
from apps.projects.models import Project


class CurriculumVersion(models.Model):
    """What will be taught, in which stages, how often, how strongly, and why."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="curricula")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    dataset = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="curricula")
    rows = models.PositiveIntegerField()
    stages = models.JSONField()  # [{"name", "rows", "weight", "epochs", "replay", "why"}]
    summary = models.JSONField()  # counts by reason and label; what was held out and why
    round_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_curriculum_number"),
            models.UniqueConstraint(fields=["project", "digest"], name="one_curriculum_per_content"),
        ]
        ordering = ["-number"]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"curriculum v{self.number}"


class CurriculumRun(Run):
    """Stages and weighs a dataset version, and puts the result forward as a proposal."""

    JOB = PROPOSE
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="curriculum_runs")
    dataset = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    proposal = models.ForeignKey("curricula.Proposal", null=True, on_delete=models.PROTECT, related_name="+")
    round_number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]


class ProposalState(models.TextChoices):
    OPEN = "open"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    SUPERSEDED = "superseded"


class Proposal(models.Model):
    """A curriculum version put forward: its state, its author, what it would change."""

    State = ProposalState
    MOVES: ClassVar[dict[str, set[str]]] = {
        ProposalState.OPEN: {ProposalState.APPROVED, ProposalState.SENT_BACK, ProposalState.SUPERSEDED},
        ProposalState.APPROVED: set(),
        ProposalState.SENT_BACK: set(),
        ProposalState.SUPERSEDED: set(),
    }

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="proposals")
    curriculum = models.ForeignKey(CurriculumVersion, on_delete=models.PROTECT, related_name="proposals")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=ProposalState.choices, default=ProposalState.OPEN)
    note = models.TextField(blank=True)
    diff = models.JSONField()  # against the curriculum in force when it was put forward
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)
    round_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="approved")
                | (models.Q(decided_by__isnull=False) & ~models.Q(decided_by=models.F("author"))),
                name="nobody_approves_their_own",
            ),
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(state="open"), name="one_open_proposal_per_project"
            ),
        ]


class Approval(models.Model):
    """Who approved which content: pinned to the curriculum's digest."""

    proposal = models.OneToOneField(Proposal, on_delete=models.PROTECT, related_name="approval")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
