"""DatasetVersion and the run that makes one."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models

from apps.core.jobs import SNAPSHOT
from apps.core.models import Run
from apps.projects.models import Project

GOLD = "gold"  # why an example was left out, in `summary["left_out"]`


class DatasetVersion(models.Model):
    """An immutable, content-addressed snapshot of feedback."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="dataset_versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    lineage_digest = models.CharField(max_length=64)  # which tasks and annotations stand behind each row
    rows = models.PositiveIntegerField()
    summary = models.JSONField()  # counts by source, label, split; what was left out and why
    round_number = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_dataset_number"),
            models.UniqueConstraint(fields=["project", "digest"], name="one_dataset_per_content"),
        ]
        ordering = ["-number"]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"dataset v{self.number}"

    @property
    def summary_without_gold(self) -> dict[str, dict[str, int]]:
        """For who may not manage gold: how much of it there is stays unsaid."""
        left_out = {why: n for why, n in self.summary.get("left_out", {}).items() if why != GOLD}
        return {**self.summary, "left_out": left_out}


class SnapshotRun(Run):
    """Cuts a dataset version from what is believed now."""

    JOB = SNAPSHOT
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="snapshot_runs")
    dataset = models.ForeignKey(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="+")
    round_number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
