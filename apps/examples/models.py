"""Example and Payload."""

from __future__ import annotations

import pgtrigger
from django.db import models

from apps.projects.models import Project

PAYLOAD_IS_THERE = """
IF EXISTS (
    SELECT 1 FROM written WHERE NOT EXISTS (SELECT 1 FROM examples_payload WHERE digest = written.payload_id)
) THEN
    RAISE foreign_key_violation USING MESSAGE = 'An example names a payload that is not there.';
END IF;
RETURN NULL;
"""


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
            ),
            pgtrigger.Protect(name="is_never_deleted", operation=pgtrigger.Delete),
        ]


class Example(models.Model):
    """One thing the model predicts on; `key` is the user's own id, unique per project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="examples", db_index=False)
    # bytewise, like the digests of the store: in the same order on every database, whatever its collation
    key = models.CharField(max_length=200, db_collation="C")
    # a trigger for all rows of a statement at once, where a foreign key would look each up for itself
    payload = models.ForeignKey(
        Payload, on_delete=models.PROTECT, related_name="examples", db_index=False, db_constraint=False
    )
    label = models.CharField(max_length=200, null=True)
    split = models.CharField(max_length=16, choices=Split.choices, default=Split.POOL)
    attributes = models.JSONField(default=dict)
    licence = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="one_key_each")]
        indexes = [
            models.Index(fields=["project", "split", "id"], name="example_by_split"),
            models.Index(fields=["payload"], name="example_by_payload"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name=f"payload_is_there_{str(operation).lower()}",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=operation,
                referencing=pgtrigger.Referencing(new="written"),  # type: ignore[no-untyped-call]
                func=PAYLOAD_IS_THERE,
            )
            for operation in (pgtrigger.Insert, pgtrigger.Update)
        ]

    def __str__(self) -> str:
        return self.key
