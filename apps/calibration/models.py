"""Gold: examples whose answer is known, served blind among the tasks."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.examples.models import Example
from apps.projects.models import Project


class Gold(models.Model):
    """One example with its known answer to the target question."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="gold")
    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="gold")
    label = models.CharField(max_length=200)
    retired_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "example"], name="one_gold_per_example")]
        ordering = ["-id"]
