"""ModelVersion, PredictionSet, PredictionRun, Alias and its ledger."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models

from apps.core.jobs import PREDICT
from apps.core.models import Run
from apps.projects.models import Project

PRODUCTION = "production"


class ModelVersion(models.Model):
    """The result of a training run; its weights lie in the store under `digest`.

    Those of one that was trained `outside` lie elsewhere: it predicts there, and what it predicts is reported.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="models")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    recipe = models.CharField(max_length=80)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    # which curriculum made it, written down by training, which stands above and whose run names the model
    curriculum_digest = models.CharField(max_length=64, blank=True)
    classes = models.JSONField()
    outside = models.BooleanField(default=False)
    metrics = models.JSONField(default=dict)
    round_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="one_model_number")]
        ordering = ["-number"]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"v{self.number}"


class PredictionSet(models.Model):
    """One model version's outputs on many examples: a Parquet table in the store."""

    class Purpose(models.TextChoices):
        POOL = "pool"  # everything that can be mined; out of sample throughout
        BENCHMARK = "benchmark"
        CROSS_FIT = "cross_fit"  # out-of-fold outputs on the rows the model was taught

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prediction_sets")
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="prediction_sets")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    benchmark = models.CharField(
        max_length=64, blank=True
    )  # whose digest; training, which stands above, names it
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    classes = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]


class PredictionRun(Run):
    """Runs one model version over all examples that can be mined, or over the benchmark it names."""

    JOB = PREDICT
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prediction_runs")
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="prediction_runs")
    prediction_set = models.ForeignKey(PredictionSet, null=True, on_delete=models.PROTECT, related_name="+")
    benchmark = models.CharField(max_length=64, blank=True)  # its digest; empty for what can be mined
    log = models.TextField(blank=True)
    round_number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]


class Alias(models.Model):
    """A movable name, such as `production`: model and curriculum together."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="aliases")
    name = models.SlugField(max_length=40)
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="aliases")
    curriculum_digest = models.CharField(max_length=64, blank=True)
    moved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_alias_name")]


class AliasMove(models.Model):
    """One line of an alias's ledger."""

    class Kind(models.TextChoices):
        PROMOTE = "promote"
        ROLL_BACK = "roll_back"
        OVERRIDE = "override"

    alias = models.ForeignKey(Alias, on_delete=models.PROTECT, related_name="ledger")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    from_model = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    to_model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    from_curriculum = models.CharField(max_length=64, blank=True)
    to_curriculum = models.CharField(max_length=64, blank=True)
    gate_id = models.BigIntegerField(null=True)  # training stands above
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(gate_id__isnull=False) | ~models.Q(kind="promote"),
                name="promotion_names_its_gate",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="promote") | ~models.Q(reason=""), name="other_moves_give_a_reason"
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
