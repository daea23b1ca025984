"""Upload: a file that was sent and is not imported yet."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.exchange.models.imports import ImportRun
from apps.projects.models import Project


class Upload(models.Model):
    """A file kept in the store until somebody says what its columns are; it may be imported more than once."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    digest = models.CharField(max_length=64)  # address of the bytes in the store
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    format = models.CharField(max_length=16, choices=ImportRun.Format.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
