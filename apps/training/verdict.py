"""What a reader of a gate needs: each check on a scale, both models per group, where the candidate errs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np

from apps.algorithms.comparison import proportion_interval
from apps.algorithms.intervals import Interval
from apps.algorithms.model_quality import (
    Reliability,
    confusion,
    expected_calibration_error,
    reliability_curve,
)
from apps.registry.models import ModelVersion
from apps.registry.queries import classes_today
from apps.training.models import Benchmark, Gate, TrainingRun
from apps.training.queries import outcomes

KINDS = {
    "floor": "Accuracy above its floor",
    "noninferiority": "No worse than the model in production",
    "calibration": "Probabilities no less true",
    "superiority": "Better than the model in production",
}
MEANS = {
    "floor": "The whole interval has to lie above the floor.",
    "noninferiority": "Change of accuracy; the whole interval has to lie right of the margin.",
    "calibration": "Change of the Brier score, where less is better; the whole interval has to lie left of the margin.",
    "superiority": "Change of accuracy; the whole interval has to lie above zero.",
}
UNKNOWN = "a class it does not know"
COLOURS = {"pass": "good", "fail": "bad", "not_enough_evidence": "warn"}


@dataclass(frozen=True)
class Line:
    """One check with its colour."""

    check: dict[str, Any]

    @property
    def colour(self) -> str:
        return COLOURS[self.check["verdict"]]


@dataclass(frozen=True)
class Part:
    """All checks of one kind, on one scale."""

    title: str
    means: str
    lines: list[Line]
    start: float = 0.0
    end: float = 1.0

    @property
    def span(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Group:
    """Both models on one subgroup of the benchmark."""

    name: str
    n: int
    baseline: Interval | None
    candidate: Interval
    floor: float


@dataclass(frozen=True)
class Verdict:
    gate: Gate
    parts: list[Part]
    groups: list[Group]

    @property
    def scale_start(self) -> float:
        lows = [i.low for group in self.groups for i in (group.baseline, group.candidate) if i]
        return floor(max(0.0, min([*lows, *(group.floor for group in self.groups)]) - 0.02) * 100) / 100

    @property
    def scale_span(self) -> float:
        return 1 - self.scale_start


def verdict_of(gate: Gate) -> Verdict:
    parts = [_part(kind, [c for c in gate.checks if c["kind"] == kind]) for kind in KINDS]
    return Verdict(gate, [part for part in parts if part.lines], _groups(gate))


def _part(kind: str, checks: list[dict[str, Any]]) -> Part:
    if not checks:
        return Part(KINDS[kind], MEANS[kind], [])
    ends = [value for check in checks for value in (check["low"], check["high"], check["threshold"])]
    if kind != "floor":
        ends.append(0.0)
    start, end = _round_ends(min(ends), max(ends))
    return Part(KINDS[kind], MEANS[kind], [Line(check) for check in checks], start, end)


def _round_ends(low: float, high: float) -> tuple[float, float]:
    """A scale a little wider than its values, from hundredth to hundredth, so that its ends can be read."""
    room = 0.06 * (high - low or 1)
    return floor((low - room) * 100) / 100, ceil((high + room) * 100) / 100


def _groups(gate: Gate) -> list[Group]:
    before = {c["name"]: c["detail"].get("baseline") for c in gate.checks if c["kind"] == "noninferiority"}
    return [
        Group(
            name=check["name"],
            n=check["n"],
            baseline=_share(before.get(check["name"]), check["n"]),
            candidate=Interval(check["estimate"], check["low"], check["high"]),
            floor=check["threshold"],
        )
        for check in gate.checks
        if check["kind"] == "floor"
    ]


def _share(accuracy: float | None, n: int) -> Interval | None:
    return None if accuracy is None else proportion_interval(round(accuracy * n), n)


def accuracy_in_folds(run: TrainingRun) -> Interval | None:
    """How often the run was right on rows that the fold had not seen; None where it made no folds."""
    said = run.report.get("cross_fit")
    return _share(said["accuracy"], run.curriculum.rows) if said else None


@dataclass(frozen=True)
class Quality:
    """One model on a benchmark: where it errs, and whether its probabilities are true."""

    classes: list[str]
    confusion: Any  # (k, k) counts, row = true
    reliability: Reliability
    expected_error: float
    n: int


def quality_of(*, model: ModelVersion, benchmark: Benchmark) -> Quality:
    outcome = outcomes(benchmark=benchmark, models=[model])[0]
    confidence, correct = outcome.probs.max(axis=1), outcome.correct
    # float32 probabilities may sum to a hair above 1
    confidence = np.clip(confidence, 0, 1)
    names, truth = classes_today(project=model.project, classes=model.classes)[0], outcome.labels
    if (truth < 0).any():  # the benchmark was frozen under other options
        truth, names = np.where(truth < 0, len(names), truth), [*names, UNKNOWN]
    return Quality(
        classes=names,
        confusion=confusion(truth, outcome.probs.argmax(axis=1), len(names)),
        reliability=reliability_curve(confidence, correct, bins=10),
        expected_error=expected_calibration_error(confidence, correct, bins=10),
        n=len(outcome.labels),
    )
