"""Benchmarks' rows, models' outcomes on them, and what training pages show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.db.models import QuerySet

from apps.core.errors import DomainError, NotFound
from apps.core.store import read_batches, read_table
from apps.examples.models import Example, Payload, Split
from apps.examples.queries import given_read
from apps.projects.models import Project
from apps.projects.queries import reading_of
from apps.registry.models import ModelVersion, PredictionSet
from apps.registry.queries import classes_today, predictions_of
from apps.training.domain import GatePlan, Outcome
from apps.training.models import Benchmark, Gate, TrainingRun

BENCHMARK_ROWS = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("payload", pa.string()),  # the payload's digest
        pa.field("label", pa.string()),
        pa.field("attributes", pa.string()),
    ]
)

Missing = tuple[ModelVersion, Benchmark]


class NotMeasured(DomainError):
    """Nothing is judged by halves: every model is measured on every benchmark first."""

    code = "not_measured"

    def __init__(self, missing: list[Missing]) -> None:
        self.missing = missing
        pairs = ", ".join(f"model {model} on {benchmark.name}" for model, benchmark in missing)
        mend = "Judging queues the prediction run; judge again when it is done."
        if any(model.outside for model, _ in missing):
            mend = "What a model trained outside predicts is reported through the API; judge again when it is there."
        super().__init__(f"Not measured yet: {pairs}. {mend}")


def benchmark_batches(*, project: Project, size: int = 2_000) -> Iterator[pa.RecordBatch]:
    """The labelled benchmark examples in key order, their labels as the protocol in force reads them."""
    rows = Example.objects.filter(project=project, split=Split.BENCHMARK, label__isnull=False)
    last = ""
    while batch := list(rows.filter(key__gt=last).order_by("key")[:size]):
        last = batch[-1].key
        labels = [given_read(project=project, example=example).label for example in batch]
        kept = [(one, label) for one, label in zip(batch, labels, strict=True) if label is not None]
        columns = [
            [example.key for example, _ in kept],
            [example.payload_id for example, _ in kept],
            [label for _, label in kept],
            [json.dumps(example.attributes, sort_keys=True) for example, _ in kept],
        ]
        yield pa.RecordBatch.from_arrays(
            [pa.array(column, pa.string()) for column in columns], schema=BENCHMARK_ROWS
        )


def measured_on(*, benchmark: Benchmark, model: ModelVersion) -> PredictionSet | None:
    """What the model predicted on the benchmark; None where it has not been measured on it."""
    return predictions_of(model=model, purpose=PredictionSet.Purpose.BENCHMARK, benchmark=benchmark.digest)


def _unmeasured(benchmarks: list[Benchmark], models: list[ModelVersion]) -> list[Missing]:
    pairs = [(model, benchmark) for benchmark in benchmarks for model in models]
    return [(model, one) for model, one in pairs if measured_on(benchmark=one, model=model) is None]


def outcomes_on(
    *, benchmarks: list[Benchmark], models: list[ModelVersion]
) -> list[tuple[Benchmark, list[Outcome]]]:
    """Each benchmark with each model's outcome on it; raises `NotMeasured` naming all that is missing."""
    missing = _unmeasured(benchmarks, models)
    if missing:
        raise NotMeasured(missing)
    return [(one, outcomes(benchmark=one, models=models)) for one in benchmarks]


def benchmark_with_payloads(digest: str) -> Iterator[pa.RecordBatch]:
    """A benchmark's rows with `payload` as its JSON text; those purged since are left out."""
    for batch in read_batches("benchmarks", digest, size=1_000):
        held = Payload.objects.filter(pk__in=set(batch["payload"].to_pylist()), body__isnull=False)
        bodies = dict(held.values_list("pk", "body"))
        rows = [{**row, "payload": bodies.get(row["payload"])} for row in batch.to_pylist()]
        kept = [{**row, "payload": json.dumps(row["payload"])} for row in rows if row["payload"] is not None]
        yield pa.RecordBatch.from_pylist(kept, schema=BENCHMARK_ROWS)


def _standing_rows(benchmark: Benchmark) -> list[dict[str, Any]]:
    """The benchmark's rows with their labels as they are read today.

    Those whose content was purged or whose label was left behind since are not among them: they measure no model.
    """
    reading = reading_of(project=benchmark.project)
    version = reading.version_at(benchmark.frozen_at)
    rows: list[dict[str, Any]] = read_table("benchmarks", benchmark.digest).to_pylist()
    digests = {row["payload"] for row in rows}
    gone = set(Payload.objects.filter(pk__in=digests, body__isnull=True).values_list("pk", flat=True))
    standing = [row for row in rows if row["payload"] not in gone]
    read = [{**row, "label": reading.label(row["label"], version).label} for row in standing]
    return [row for row in read if row["label"] is not None]


def standing_keys(benchmark: Benchmark) -> set[str]:
    """The keys of the rows that still measure a model."""
    return {row["key"] for row in _standing_rows(benchmark)}


def outcomes(*, benchmark: Benchmark, models: list[ModelVersion]) -> list[Outcome]:
    """Each model's outcome on the benchmark, rows in the benchmark's order; raises `NotMeasured`."""
    rows = _standing_rows(benchmark)
    return [_outcome(model, benchmark, rows) for model in models]


def _outcome(model: ModelVersion, benchmark: Benchmark, rows: list[dict[str, Any]]) -> Outcome:
    predictions = measured_on(benchmark=benchmark, model=model)
    if predictions is None:
        raise NotMeasured([(model, benchmark)])
    table = read_table("predictions", predictions.digest, columns=["key", "probs"])
    found = dict(zip(table["key"].to_pylist(), table["probs"].to_pylist(), strict=True))
    keys, labels = [row["key"] for row in rows], [row["label"] for row in rows]
    if any(key not in found for key in keys):
        raise NotMeasured([(model, benchmark)])
    classes, as_today = classes_today(project=benchmark.project, classes=predictions.classes)
    code = {label: place for place, label in enumerate(classes)}
    probs = (
        np.array([found[key] for key in keys], dtype=np.float64).reshape(len(keys), len(as_today)) @ as_today
    )
    return Outcome(np.array([code.get(label, -1) for label in labels], dtype=np.int64), probs)


def slices_of(benchmark: Benchmark, plan: GatePlan) -> dict[str, npt.NDArray[np.bool_]]:
    """A mask (n,) per value of the protected attribute."""
    if not plan.protected:
        return {}
    rows = _standing_rows(benchmark)
    values = [str(json.loads(row["attributes"]).get(plan.protected)) for row in rows]
    return {
        f"{plan.protected}: {value}": np.array([v == value for v in values]) for value in sorted(set(values))
    }


def runs_of(*, project: Project) -> QuerySet[TrainingRun]:
    joined = TrainingRun.objects.select_related("curriculum", "recipe", "model", "base", "created_by")
    return joined.prefetch_related("benchmarks").filter(project=project)


def gates_of(*, project: Project) -> QuerySet[Gate]:
    return Gate.objects.select_related(
        "candidate", "baseline", "benchmark", "decided_by", "override_by", "project"
    ).filter(project=project)


def judged_last(*, model: ModelVersion) -> list[Gate]:
    """The gates of this candidate's newest judgement, one per benchmark; none where it was never judged."""
    gates = gates_of(project=model.project).filter(candidate=model)
    newest = gates.first()
    return list(gates.filter(judgement=newest.judgement).order_by("benchmark__name")) if newest else []


def accuracy(gate: Gate, name: str) -> dict[str, Any] | None:
    """The floor check of a group holds its accuracy with interval; None when the gate has no such group."""
    return next((c for c in gate.checks if c["kind"] == "floor" and c["name"] == name), None)


def run_of(*, model: ModelVersion) -> TrainingRun | None:
    """The run that made the model."""
    return runs_of(project=model.project).filter(model=model).first()


def run_in(*, project: Project, run_id: int) -> TrainingRun:
    """The project's training run; raises `NotFound`."""
    found = runs_of(project=project).select_related("proposal").filter(pk=run_id).first()
    if found is None:
        raise NotFound("There is no such training run in this project.")
    return found


def gate_in(*, project: Project, gate_id: int) -> Gate:
    """The project's gate; raises `NotFound`."""
    found = gates_of(project=project).filter(pk=gate_id).first()
    if found is None:
        raise NotFound("There is no such gate in this project.")
    return found


def benchmarks_of(*, project: Project) -> QuerySet[Benchmark]:
    return Benchmark.objects.select_related("owner").filter(project=project)


def measured(*, models: list[ModelVersion]) -> list[tuple[ModelVersion, dict[str, Any] | None]]:
    """Each model with its newest overall accuracy on a benchmark (estimate, low, high, n)."""
    gates = Gate.objects.filter(candidate__in=models).order_by("pk")
    found = {gate.candidate_id: accuracy(gate, "overall") for gate in gates}
    return [(model, found.get(model.pk)) for model in models]


@dataclass(frozen=True)
class Result:
    """How one model did on a benchmark when it was judged last."""

    gate: Gate
    accuracy: dict[str, Any] | None


@dataclass(frozen=True)
class Results:
    benchmark: Benchmark
    plan: GatePlan
    results: list[Result]

    @property
    def scale_start(self) -> float:
        """The start of a scale on which all intervals and the floor can be read."""
        lows = [float(result.accuracy["low"]) for result in self.results if result.accuracy]
        return floor(max(0.0, min([self.plan.floor, *lows]) - 0.02) * 100) / 100

    @property
    def scale_span(self) -> float:
        return 1 - self.scale_start


def benchmark_results(*, project: Project) -> list[Results]:
    """Every frozen set with each model's newest result, newest model first."""
    gates = gates_of(project=project).order_by("-candidate__number", "-pk")
    found: dict[int, dict[int, Gate]] = {}
    for gate in gates:
        found.setdefault(gate.benchmark_id, {}).setdefault(gate.candidate_id, gate)
    return [
        Results(
            benchmark=benchmark,
            plan=GatePlan.parse(benchmark.plan),
            results=[
                Result(gate, accuracy(gate, "overall")) for gate in found.get(benchmark.pk, {}).values()
            ],
        )
        for benchmark in benchmarks_of(project=project)
    ]
