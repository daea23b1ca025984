"""What belongs in a dataset version now, streamed; and what stands in one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from django.db.models import QuerySet

from apps.annotation.queries.beliefs import Belief, beliefs_on
from apps.annotation.queries.tasks import excluded_among
from apps.core.errors import NotFound
from apps.core.keyset import number_in
from apps.core.store import read_batches
from apps.datasets.domain import LINEAGE, ROWS
from apps.datasets.models import GOLD, DatasetVersion, SnapshotRun
from apps.examples.models import Example, Split
from apps.examples.queries import Content, contents, given_read
from apps.projects.domain import CONDITIONS_WITHOUT_TARGET
from apps.projects.domain.reading import Read
from apps.projects.models import Project

BATCH = 2_000
ROWS_SHOWN = 60
EXCLUDED = "excluded: not for anyone"


def datasets_of(*, project: Project) -> QuerySet[DatasetVersion]:
    return DatasetVersion.objects.select_related("created_by").filter(project=project)


def rows_of(dataset: DatasetVersion) -> Iterator[pa.RecordBatch]:
    return read_batches("datasets", dataset.digest)


def dataset_in(*, project: Project, number: int) -> DatasetVersion:
    """The project's dataset version of this number; raises `NotFound`."""
    found = datasets_of(project=project).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such dataset version in this project.")
    return found


def snapshot_runs_of(*, project: Project) -> QuerySet[SnapshotRun]:
    return SnapshotRun.objects.select_related("dataset", "created_by").filter(project=project)


def snapshot_run_in(*, project: Project, run_id: int) -> SnapshotRun:
    """The project's snapshot run; raises `NotFound`."""
    run = snapshot_runs_of(project=project).filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such snapshot run in this project.")
    return run


@dataclass(frozen=True)
class Row:
    """One row of a dataset version with what can be shown of its payload."""

    position: int
    values: dict[str, Any]
    content: Content

    @property
    def changed(self) -> bool:
        given = self.values["given_label"]
        return given is not None and given != self.values["label"]


@dataclass(frozen=True)
class RowsPage:
    rows: list[Row]
    start: int
    total: int

    @property
    def previous(self) -> int | None:
        return max(0, self.start - ROWS_SHOWN) if self.start else None

    @property
    def next(self) -> int | None:
        return self.start + len(self.rows) if self.start + len(self.rows) < self.total else None

    @property
    def shown(self) -> str:
        return f"Rows {self.start + 1:,}–{self.start + len(self.rows):,} of {self.total:,}"


def rows_page(*, dataset: DatasetVersion, start: str = "") -> RowsPage:
    """Rows from a position on, in key order, with their payloads in one query; raises `BadInput`."""
    first = min(number_in(start, name="start") or 0, max(0, dataset.rows - 1))
    columns = ["key", "payload", "split", "label", "source", "given_label", "condition", "answers", "licence"]
    found = _slice_of(dataset, first, first + ROWS_SHOWN, columns)
    shown = contents(project=dataset.project, digests=[row["payload"] for row in found])
    rows = [Row(first + i, row, shown.get(row["payload"], Content())) for i, row in enumerate(found)]
    return RowsPage(rows, first, dataset.rows)


def _slice_of(dataset: DatasetVersion, first: int, end: int, columns: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    seen = 0
    for batch in read_batches("datasets", dataset.digest, columns=columns, size=BATCH):
        low, high = max(first - seen, 0), min(end - seen, batch.num_rows)
        if low < high:
            found += batch.slice(low, high - low).to_pylist()
        seen += batch.num_rows
        if seen >= end:
            break
    return found


def benchmark_payloads(*, project: Project) -> set[str]:
    """Digests of what stands in a benchmark, and so is never taught, under whatever key."""
    benchmark = Example.objects.filter(project=project, split=Split.BENCHMARK)
    return set(benchmark.values_list("payload_id", flat=True))


def _soft(posterior: dict[str, float], classes: list[str]) -> list[float]:
    """The posterior over the classes alone: who said that an example cannot be used has no say in which it is."""
    shares = [posterior.get(name, 0.0) for name in classes]
    total = sum(shares)
    return [share / total for share in shares] if total else shares


def _left_behind(read: Belief | Read) -> str:
    return f"its label was left behind by protocol version {read.lost}" if read.lost is not None else ""


@dataclass
class Cut:
    """Streams the rows of a new version in key order, and counts what it took and left out.

    Soft labels are in the order of `classes`, which the version's manifest keeps: the protocol may turn it round.
    """

    project: Project
    classes: list[str]
    taken: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    lineage: list[dict[str, Any]] = field(default_factory=list)

    def batches(self) -> Iterator[pa.RecordBatch]:
        frozen = benchmark_payloads(project=self.project)
        examples = Example.objects.filter(project=self.project, split__in=[Split.POOL, Split.TRAIN])
        last = ""
        while batch := list(examples.filter(key__gt=last).order_by("key")[:BATCH]):
            last = batch[-1].key
            beliefs = beliefs_on(project=self.project, examples=batch)
            in_service = self.project.gold.filter(example__in=batch, retired_at=None)
            apart = dict.fromkeys(excluded_among(examples=batch), EXCLUDED)
            apart |= dict.fromkeys(in_service.values_list("example_id", flat=True), GOLD)
            rows = [self._row(example, beliefs.get(example.pk), apart, frozen) for example in batch]
            yield pa.RecordBatch.from_pylist([row for row in rows if row], schema=ROWS)

    def _row(
        self, example: Example, belief: Belief | None, apart: dict[int, str], frozen: set[str]
    ) -> dict[str, Any] | None:
        given = given_read(project=self.project, example=example)
        label = belief.label if belief else given.label
        reason = self._why_not(example, belief, apart, frozen) or _left_behind(belief or given)
        if not reason and self.classes and label not in self.classes:
            reason = "the label is not one of the protocol's options"
        if reason:
            self.left_out[reason] += 1
            return None
        consensus = belief.consensus if belief else None
        source = consensus.method if consensus else "given"
        self.taken[source] += 1
        self.labels[str(label)] += 1
        if consensus:
            sources = {"task": consensus.task_id, "annotations": consensus.sources}
            self.lineage.append({"key": example.key, **sources})
        return {
            "key": example.key,
            "payload": example.payload_id,
            "split": example.split,
            "label": label,
            "soft": _soft(belief.posterior, self.classes) if belief else None,
            "source": source,
            "given_label": given.label,
            "condition": consensus.condition if consensus else "clear",
            "answers": len(consensus.sources) if consensus else 0,
            "attributes": json.dumps(example.attributes, sort_keys=True),
            "licence": example.licence,
        }

    def _why_not(
        self, example: Example, belief: Belief | None, apart: dict[int, str], frozen: set[str]
    ) -> str:
        """Why the example stays out, or an empty string; `apart` are gold and excluded examples, with why."""
        if example.payload_id in frozen:
            return "same content as a benchmark example"
        if example.pk in apart:
            return apart[example.pk]
        if belief is None and example.label is None:
            return "no label yet"
        condition = belief.consensus.condition if belief else ""
        if condition in CONDITIONS_WITHOUT_TARGET:
            return f"people say {condition.replace('_', ' ')}"
        if condition == "ambiguous":
            return "people say ambiguous: the protocol needs repair first"
        return ""

    def lineage_batches(self) -> Iterator[pa.RecordBatch]:
        if self.lineage:
            yield pa.RecordBatch.from_pylist(self.lineage, schema=LINEAGE)

    def summary(self) -> dict[str, Any]:
        parts = {"sources": self.taken, "labels": self.labels, "left_out": self.left_out}
        return {name: dict(sorted(counts.items())) for name, counts in parts.items()}
