"""MiningRun and LatestScore."""

from __future__ import annotations

from django.db import models

from apps.annotation.models import Task
from apps.core.jobs import MINE
from apps.core.models import Run, RunState
from apps.examples.models import Example
from apps.projects.models import Group, Project
from apps.registry.models import PredictionSet

UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


class MiningRun(Run):
    """Scores a prediction set under a mining policy and opens tasks; without one it draws by chance alone."""

    JOB = MINE
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="mining_runs")
    prediction_set = models.ForeignKey(
        PredictionSet, null=True, on_delete=models.PROTECT, related_name="mining_runs"
    )
    policy = models.JSONField()  # mining.domain.Policy
    seed = models.PositiveIntegerField()
    frame = models.PositiveIntegerField(default=0)  # examples it could have chosen from
    opened = models.JSONField(default=dict)  # tasks opened, by reason
    spreads = models.JSONField(default=dict)  # mining.domain.spreads_of: how its signals lay over the frame
    round_number = models.PositiveIntegerField(default=0)
    reserved_for = models.ForeignKey(Group, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            # two at once would each ask people about the same examples
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(state__in=UNDER_WAY), name="one_mining_run_at_a_time"
            )
        ]

    @property
    def tasks_opened(self) -> int:
        """Gold left out: it stays blind."""
        return sum(n for reason, n in self.opened.items() if reason != Task.Reason.GOLD)


class LatestScore(models.Model):
    """The newest signals of an example, so that pages sort and filter in the database."""

    example = models.OneToOneField(Example, on_delete=models.CASCADE, primary_key=True, related_name="score")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    prediction_set = models.ForeignKey(
        PredictionSet, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    predicted = models.CharField(max_length=200)
    confidence = models.FloatField()
    margin = models.FloatField()
    entropy = models.FloatField()
    log_odds = models.FloatField(null=True)  # of the given label; low is suspect; null without a label
    suspect = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["project", "margin", "example"], name="score_by_margin"),
            models.Index(fields=["project", "log_odds", "example"], name="score_by_log_odds"),
        ]
