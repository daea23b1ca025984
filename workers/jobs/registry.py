"""Predictions by one model version of everything that can be mined."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from django.utils import timezone

from apps.core.jobs import PREDICT
from apps.core.runs import beat
from apps.core.store import fetch_folder, write_table
from apps.examples.models import Example, Split
from apps.projects.models import Project
from apps.registry.models import PredictionRun, PredictionSet
from apps.registry.queries import predictions_of
from apps.registry.services import record_prediction
from workers.jobs.child import Line, run_learner
from workers.jobs.claiming import JobFailed, claims
from workers.jobs.tables import PREDICTIONS, clear, merged, work_folder, write_rows


@claims(PREDICT, PredictionRun)
def predict(run: PredictionRun) -> None:
    folder = work_folder("predict", run.pk)
    write_rows(folder / "rows.parquet", minable_rows(run.project), ["key", "payload"])
    if not (folder / "rows.parquet").exists():
        raise JobFailed("There is nothing to predict: the project has no example in pool or train.")
    fetch_folder("models", run.model.digest, folder / "model")
    run_learner(
        "predict",
        _spec(folder),
        folder=folder,
        run=run,
        hear=lambda line: _hear(run, line),
        log=lambda _: None,
    )
    taught = predictions_of(model=run.model, purpose=PredictionSet.Purpose.CROSS_FIT)
    batches = merged(folder / "predictions.parquet", taught.digest if taught else None)
    stored = write_table("predictions", batches, schema=PREDICTIONS, manifest=_manifest(run))
    record_prediction(run=run, stored=stored, at=timezone.now())
    clear(folder)


def _spec(folder: Path) -> Line:
    return {
        "contract": 1,
        "model": str(folder / "model"),
        "rows": str(folder / "rows.parquet"),
        "out": str(folder / "predictions.parquet"),
        "threads": 1,
        "batch": 512,
        "device": "auto",
    }


def _manifest(run: PredictionRun) -> dict[str, object]:
    return {"model": run.model.digest, "classes": run.model.classes, "purpose": "pool"}


def _hear(run: PredictionRun, line: Line) -> None:
    if line["event"] == "progress":
        beat(run, at=timezone.now(), **{k: line[k] for k in ("done", "total", "seconds_left") if k in line})


def minable_rows(project: Project) -> Iterator[pa.RecordBatch]:
    """key and payload (JSON text) of every example in pool and train, in key order."""
    examples = Example.objects.filter(project=project, split__in=[Split.POOL, Split.TRAIN])
    examples = examples.filter(payload__body__isnull=False).select_related("payload").order_by("key")
    last = ""
    while batch := list(examples.filter(key__gt=last)[:1_000]):
        last = batch[-1].key
        bodies = [json.dumps(example.payload.body) for example in batch]
        yield pa.RecordBatch.from_pydict({"key": [example.key for example in batch], "payload": bodies})
