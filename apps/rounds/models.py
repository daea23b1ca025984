"""Round and Reflection."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from apps.projects.models import Project


class RoundState(models.TextChoices):
    OPEN = "open"
    CLOSED = "closed"


class Round(models.Model):
    """One turn of the loop. Its phases are read off what the round has made; closing needs a reflection."""

    State = RoundState
    MOVES: ClassVar[dict[str, set[str]]] = {RoundState.OPEN: {RoundState.CLOSED}, RoundState.CLOSED: set()}

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=RoundState.choices, default=RoundState.OPEN)
    inputs = models.JSONField()  # frozen at opening: production model, curriculum, protocol, benchmarks
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_round_number"),
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(state="open"), name="one_open_round_per_project"
            ),
        ]
        ordering = ["-number"]


class Reflection(models.Model):
    """What a round taught us; required to close it."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="reflection")
    expected = models.TextField()
    observed = models.TextField()
    cause = models.TextField()
    action = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
