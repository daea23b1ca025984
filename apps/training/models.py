"""Recipe, TrainingRun, Benchmark, Gate."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models

from apps.core.jobs import TRAIN
from apps.core.models import Run
from apps.curricula.models import CurriculumVersion, Proposal
from apps.projects.models import Project
from apps.registry.models import ModelVersion


class Recipe(models.Model):
    """A portable training procedure with a compute budget; a change makes a new version."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="recipes")
    version = models.PositiveIntegerField()
    learner = models.CharField(max_length=40)  # the learner's name for it, such as image-cnn
    params = models.JSONField(default=dict)
    budget_seconds = models.PositiveIntegerField(default=300)
    cross_fit = models.PositiveSmallIntegerField(default=5)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="one_recipe_version")]
        ordering = ["-version"]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update)]


class TrainingRun(Run):
    """One fit of a curriculum by a recipe."""

    JOB = TRAIN
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="training_runs")
    curriculum = models.ForeignKey(CurriculumVersion, on_delete=models.PROTECT, related_name="training_runs")
    proposal = models.OneToOneField(
        Proposal, null=True, on_delete=models.PROTECT, related_name="training_run"
    )
    recipe = models.ForeignKey(Recipe, on_delete=models.PROTECT, related_name="training_runs")
    base = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    benchmarks = models.ManyToManyField("training.Benchmark", related_name="+")  # what its model is judged on
    seed = models.PositiveIntegerField()
    model = models.OneToOneField(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="training_run"
    )
    curve = models.JSONField(default=list)  # one entry per epoch: stage, loss, accuracy, mix
    log = models.TextField(blank=True)
    report = models.JSONField(default=dict)
    round_number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]


class Benchmark(models.Model):
    """A frozen set with floors and owners; its rows lie in the store under `digest`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="benchmarks")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    plan = models.JSONField()  # training.domain.GatePlan: margins, alpha, protected attribute, floors
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_benchmark_name")]
        ordering = ["name"]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update)]


class GateState(models.TextChoices):
    JUDGED = "judged"
    PROMOTED = "promoted"
    REJECTED = "rejected"


class Gate(models.Model):
    """The comparison of a candidate with the model in production on one benchmark: pass, fail or not enough evidence.

    The gates of one judgement, one per benchmark, are decided on together.
    """

    State = GateState
    MOVES: ClassVar[dict[str, set[str]]] = {
        GateState.JUDGED: {GateState.PROMOTED, GateState.REJECTED},
        GateState.PROMOTED: set(),
        GateState.REJECTED: set(),
    }

    class Verdict(models.TextChoices):
        PASS = "pass"
        FAIL = "fail"
        NOT_ENOUGH_EVIDENCE = "not_enough_evidence"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="gates")
    judgement = models.UUIDField(db_default=RandomUUID())
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="gates")
    candidate = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="gates")
    baseline = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    plan = models.JSONField()
    plan_digest = models.CharField(max_length=64)
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    overall = models.CharField(max_length=20, choices=Verdict.choices)  # of the judgement: all have to pass
    checks = models.JSONField()  # one entry per check: name, verdict, estimate, low, high, n, why
    state = models.CharField(max_length=10, choices=GateState.choices, default=GateState.JUDGED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)
    override_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    override_reason = models.TextField(blank=True)
    round_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="promoted")
                | (
                    models.Q(decided_by__isnull=False)
                    & (
                        models.Q(overall="pass")
                        | (
                            models.Q(override_by__isnull=False)
                            & ~models.Q(override_reason="")
                            & ~models.Q(override_by=models.F("decided_by"))
                        )
                    )
                ),
                name="promoted_means_passed_or_two_leads",
            ),
            models.UniqueConstraint(fields=["judgement", "benchmark"], name="one_gate_per_benchmark"),
        ]
