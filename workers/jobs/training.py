"""Training: write the spec, run the learner, register what it made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.utils import timezone

from apps.core.jobs import START_TRAINING, TRAIN
from apps.core.runs import beat
from apps.core.store import Stored, fetch_folder, put_folder, read_batches
from apps.curricula.queries import rows_with_payloads, with_payloads
from apps.training.models import TrainingRun
from apps.training.services.runs import note_epoch, note_log, record_training, start_training
from workers.celery import app
from workers.jobs.child import Line, run_learner
from workers.jobs.claiming import JobFailed, claims
from workers.jobs.tables import clear, keep_predictions, work_folder, write_rows

ROWS = ["key", "payload", "label", "soft", "weight", "stage", "attributes"]
BENCHMARK = ["key", "payload", "label", "attributes"]
THREADS = 1  # small nets gain nothing from more, and one thread keeps a fit repeatable


@app.task(name=START_TRAINING.name)
def start_approved(proposal_id: int) -> None:
    start_training(proposal_id=proposal_id, at=timezone.now())


@claims(TRAIN, TrainingRun)
def train(run: TrainingRun) -> None:
    folder = work_folder("train", run.pk)
    out = folder / "out"
    run_learner(
        "fit",
        _spec(run, folder),
        folder=folder,
        run=run,
        hear=lambda line: _hear(run, line),
        log=lambda text: note_log(run=run, text=text),
    )
    report = json.loads((out / "report.json").read_text())
    model = json.loads((out / "model.json").read_text())
    put_folder("models", model["digest"], out, ["weights.safetensors", "model.json"])
    record_training(
        run=run,
        digest=model["digest"],
        report=report,
        tables=_tables(run, out, model["digest"]),
        at=timezone.now(),
    )
    clear(folder)


def _spec(run: TrainingRun, folder: Path) -> Line:
    """Write the inputs, once: a run that resumes finds them as they were."""
    if not (folder / "rows.parquet").exists():
        write_rows(folder / "rows.parquet", rows_with_payloads(run.curriculum), ROWS)
    benchmark = run.project.benchmarks.first()
    if benchmark is None:
        raise JobFailed(
            "The project has no benchmark. Freeze one before training, so that the gate can judge."
        )
    if not (folder / "benchmark.parquet").exists():
        batches = map(with_payloads, read_batches("benchmarks", benchmark.digest))
        write_rows(folder / "benchmark.parquet", batches, BENCHMARK)
    if run.base is not None:
        fetch_folder("models", run.base.digest, folder / "base")
    return {
        "contract": 1,
        "rows": str(folder / "rows.parquet"),
        "evaluate": {"benchmark": str(folder / "benchmark.parquet")},
        "classes": _classes(run),
        "recipe": {"name": run.recipe.learner, "params": run.recipe.params},
        "stages": [
            {name: stage[name] for name in ("name", "epochs", "replay")} for stage in run.curriculum.stages
        ],
        "base": str(folder / "base") if run.base is not None else None,
        "warm_start": "fresh",
        "cross_fit": run.recipe.cross_fit,
        "budget": {"seconds": run.recipe.budget_seconds},
        "threads": THREADS,
        "seed": run.seed,
        "checkpoint_every": 1,
        "out": str(folder / "out"),
    }


def _classes(run: TrainingRun) -> list[str]:
    if run.project.protocol is None:
        raise JobFailed("The project has no protocol, so the classes are not known. Add one.")
    return run.project.protocol.classes


def _hear(run: TrainingRun, line: Line) -> None:
    if line["event"] != "progress":
        return
    entry = {
        name: line.get(name)
        for name in ("phase", "stage", "epoch", "done", "total", "loss", "accuracy", "mix")
    }
    note_epoch(run=run, entry=entry)
    beat(
        run,
        at=timezone.now(),
        **{k: line.get(k) for k in ("phase", "stage", "done", "total", "seconds_left")},
    )


def _tables(run: TrainingRun, out: Path, digest: str) -> dict[str, Stored]:
    manifest: dict[str, Any] = {"model": digest, "classes": _classes(run)}
    tables = {
        "benchmark": keep_predictions(
            out / "evaluation.parquet", manifest={**manifest, "purpose": "benchmark"}
        )
    }
    if (out / "cross_fit.parquet").exists() and pq.ParquetFile(out / "cross_fit.parquet").metadata.num_rows:
        tables["cross_fit"] = keep_predictions(
            out / "cross_fit.parquet", manifest={**manifest, "purpose": "cross_fit"}
        )
    return tables
