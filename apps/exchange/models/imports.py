"""ImportRun and its row errors."""

from __future__ import annotations

from django.db import models

from apps.core.jobs import IMPORT
from apps.core.models import Run
from apps.projects.models import Project, Protocol


class ImportRun(Run):
    """Brings a file of rows into the project; bad rows are told, good rows are kept."""

    JOB = IMPORT

    class Format(models.TextChoices):
        NDJSON = "ndjson", "NDJSON"
        CSV = "csv", "CSV"
        TSV = "tsv", "TSV"
        PARQUET = "parquet", "Parquet"
        ARROW = "arrow", "Arrow"
        IMAGES = "images", "Zip of images"
        LABEL_STUDIO = "label_studio", "Label Studio JSON"
        DOCCANO = "doccano", "doccano JSONL"
        ARGILLA = "argilla", "Argilla records"

    class OnConflict(models.TextChoices):
        ERROR = "error", "Report the row, keep what is there"
        SKIP = "skip", "Skip the row quietly"
        UPDATE = "update", "Update the example"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    kind = models.CharField(max_length=16, default="examples")
    format = models.CharField(max_length=16, choices=Format.choices)
    on_conflict = models.CharField(max_length=6, choices=OnConflict.choices, default=OnConflict.ERROR)
    name = models.CharField(max_length=200, blank=True)
    upload = models.CharField(max_length=64)  # address of the uploaded bytes in the store
    rows_read = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_updated = models.PositiveIntegerField(default=0)
    rows_skipped = models.PositiveIntegerField(default=0)
    rows_bad = models.PositiveIntegerField(default=0)
    causes = models.JSONField(default=dict)  # code → how many bad rows
    stop_after = models.PositiveIntegerField(default=10_000)  # so many bad rows end the import
    round_number = models.PositiveIntegerField(default=0)
    protocol = models.ForeignKey(
        Protocol, null=True, on_delete=models.PROTECT, related_name="+"
    )  # rows have to fit it
    mapping = models.JSONField(null=True)  # what each column is; none where columns are named as rows are
    dry_run = models.BooleanField(default=False)  # tells what would come in, and writes none of it
    readable = models.BooleanField(default=True)  # false where trying again cannot help

    class Meta:
        ordering = ["-id"]


class ImportProblem(models.Model):
    """One bad row: which, what is wrong, and the mend."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="problems")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=40)
    message = models.TextField()

    class Meta:
        ordering = ["row", "id"]
