"""Predictions by one model version of everything that can be mined, or of one benchmark."""

from __future__ import annotations

from pathlib import Path

from django.utils import timezone

from apps.core.jobs import PREDICT
from apps.core.runs import beat
from apps.core.store import Stored, fetch_folder, write_table
from apps.registry.domain import PREDICTIONS
from apps.registry.models import PredictionRun, PredictionSet
from apps.registry.queries import minable_rows, predictions_of
from apps.registry.services import note_log, record_prediction
from apps.training.queries import benchmark_with_payloads
from workers.jobs.child import Line, run_learner
from workers.jobs.claiming import JobFailed, claims
from workers.jobs.tables import clear, keep_predictions, merged, work_folder, write_rows

NOTHING = "There is nothing to predict: the project has no example in pool or train."
NO_ROWS = "Every row of this benchmark was purged. Freeze a new one."


@claims(PREDICT, PredictionRun)
def predict(run: PredictionRun) -> None:
    folder = work_folder("predict", run.pk)
    rows = benchmark_with_payloads(run.benchmark) if run.benchmark else minable_rows(run.project)
    write_rows(folder / "rows.parquet", rows, ["key", "payload"])
    if not (folder / "rows.parquet").exists():
        raise JobFailed(NO_ROWS if run.benchmark else NOTHING)
    fetch_folder("models", run.model.digest, folder / "model")
    run_learner(
        "predict",
        _spec(folder),
        folder=folder,
        run=run,
        hear=lambda line: _hear(run, line),
        log=lambda text: note_log(run=run, text=text),
    )
    record_prediction(run=run, stored=_keep(run, folder / "predictions.parquet"), at=timezone.now())
    clear(folder)


def _keep(run: PredictionRun, path: Path) -> Stored:
    manifest = {"model": run.model.digest, "classes": run.model.classes}
    if run.benchmark:
        return keep_predictions(
            path, manifest={**manifest, "purpose": "benchmark", "benchmark": run.benchmark}
        )
    taught = predictions_of(model=run.model, purpose=PredictionSet.Purpose.CROSS_FIT)
    batches = merged(path, taught.digest if taught else None)
    return write_table("predictions", batches, schema=PREDICTIONS, manifest={**manifest, "purpose": "pool"})


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


def _hear(run: PredictionRun, line: Line) -> None:
    if line["event"] == "progress":
        beat(run, at=timezone.now(), **{k: line[k] for k in ("done", "total", "seconds_left") if k in line})
