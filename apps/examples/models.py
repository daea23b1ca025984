"""Example and Payload."""

from __future__ import annotations

import pgtrigger
from django.db import models

from apps.projects.models import Project


class Split(models.TextChoices):
    POOL = "pool"
    TRAIN = "train"
    BENCHMARK = "benchmark"


class Payload(models.Model):
    """The content of examples, once per digest. A purge empties the body and leaves the row as a tombstone."""

    digest = models.CharField(max_length=64, primary_key=True)
    body = models.JSONField(null=True)
    purged_at = models.DateTimeField(null=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="append_only",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__body__isnull=False),
            )
        ]


class Example(models.Model):
    """One thing the model predicts on; `key` is the user's own id, unique per project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="examples")
    # bytewise, like the digests of the store: in the same order on every database, whatever its collation
    key = models.CharField(max_length=200, db_collation="C")
    payload = models.ForeignKey(Payload, on_delete=models.PROTECT, related_name="examples")
    label = models.CharField(max_length=200, null=True)
    split = models.CharField(max_length=16, choices=Split.choices, default=Split.POOL)
    attributes = models.JSONField(default=dict)
    licence = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="one_key_each")]
        indexes = [models.Index(fields=["project", "split", "id"], name="example_by_split")]

    def __str__(self) -> str:
        return self.key
