"""Training: write the spec, run the learner, register what it made."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pyarrow.parquet as pq
from django.utils import timezone

from apps.core.jobs import START_TRAINING, TRAIN
from apps.core.runs import beat
from apps.core.store import Stored, fetch_folder, put_folder, read_manifest
from apps.curricula.queries import rows_with_payloads
from apps.curricula.safety import refuse_unsafe
from apps.training.models import Benchmark, TrainingRun
from apps.training.queries import benchmark_with_payloads
from apps.training.services.runs import (
    TrainedOutside,
    finish_training,
    note_epoch,
    note_log,
    pin_benchmarks,
    record_training,
    start_training,
)
from workers.celery import app
from workers.jobs.child import Line, run_learner
from workers.jobs.claiming import JobFailed, claims
from workers.jobs.tables import clear, keep_predictions, work_folder, write_rows

log = logging.getLogger(__name__)

ROWS = ["key", "payload", "label", "soft", "weight", "stage", "attributes"]
BENCHMARK = ["key", "payload", "label", "attributes"]
THREADS = 1  # small nets gain nothing from more, and one thread keeps a fit repeatable


@app.task(name=START_TRAINING.name)
def start_approved(proposal_id: int) -> None:
    try:
        start_training(proposal_id=proposal_id, at=timezone.now())
    except TrainedOutside as reason:
        log.info("Proposal %s: %s", proposal_id, reason)


@claims(TRAIN, TrainingRun)
def train(run: TrainingRun) -> None:
    if run.model is None:  # else an earlier attempt kept it, and it only has to be judged
        _fit(run)
    finish_training(run=run, at=timezone.now())
    clear(work_folder("train", run.pk))


def _fit(run: TrainingRun) -> None:
    refuse_unsafe(run.curriculum)  # much may have happened since it was approved
    folder, benchmarks = work_folder("train", run.pk), pin_benchmarks(run=run)
    out = folder / "out"
    run_learner(
        "fit",
        _spec(run, folder, benchmarks),
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
        model=model,
        report=report,
        measured={one.digest: _measured(out, model, one) for one in benchmarks},
        cross_fit=_cross_fit(out, model),
        at=timezone.now(),
    )


def _spec(run: TrainingRun, folder: Path, benchmarks: list[Benchmark]) -> Line:
    """Write the inputs, once: a run that resumes finds them as they were."""
    base = run.base if run.base and not run.base.outside else None  # elsewhere, its weights are no base
    if base is not None:
        fetch_folder("models", base.digest, folder / "base")
    return {
        "contract": 1,
        **_inputs(run, folder, benchmarks),
        "classes": _classes(run),
        "recipe": {"name": run.recipe.learner, "params": run.recipe.params},
        "stages": [
            {name: stage[name] for name in ("name", "epochs", "replay")} for stage in run.curriculum.stages
        ],
        "base": str(folder / "base") if base is not None else None,
        "warm_start": "fresh",
        "cross_fit": run.recipe.cross_fit,
        "budget": {"seconds": run.recipe.budget_seconds},
        "threads": THREADS,
        "seed": run.seed,
        "checkpoint_every": 1,
        "out": str(folder / "out"),
    }


def _inputs(run: TrainingRun, folder: Path, benchmarks: list[Benchmark]) -> Line:
    rows, sets = folder / "rows.parquet", {}
    if not rows.exists():
        write_rows(rows, rows_with_payloads(run.curriculum), ROWS)
    for one in benchmarks:
        path = folder / f"benchmark-{one.pk}.parquet"
        if not path.exists():
            write_rows(path, benchmark_with_payloads(one.digest), BENCHMARK)
        if not path.exists():
            raise JobFailed(f"Every row of the benchmark {one.name} was purged. Freeze a new one.")
        sets[_set_name(one)] = str(path)
    return {"rows": str(rows), "evaluate": sets}


def _set_name(benchmark: Benchmark) -> str:
    """What the learner calls it in its report."""
    return f"benchmark {benchmark.name}"


def _classes(run: TrainingRun) -> list[str]:
    """As they were when the dataset was cut: its soft labels are in that order, whatever the protocol says now."""
    classes: list[str] = read_manifest("datasets", run.curriculum.dataset.digest)["classes"]
    if not classes:
        raise JobFailed(
            "The dataset was cut without a protocol, so the classes are not known. Add one and cut a new dataset."
        )
    return classes


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


def _measured(out: Path, model: Line, benchmark: Benchmark) -> Stored:
    manifest = {**_manifest(model, "benchmark"), "benchmark": benchmark.digest}
    return keep_predictions(out / "evaluation.parquet", manifest=manifest, only=_set_name(benchmark))


def _cross_fit(out: Path, model: Line) -> Stored | None:
    path = out / "cross_fit.parquet"
    if not path.exists() or not pq.ParquetFile(path).metadata.num_rows:
        return None
    return keep_predictions(path, manifest=_manifest(model, "cross_fit"))


def _manifest(model: Line, purpose: str) -> Line:
    return {"model": model["digest"], "classes": model["classes"], "purpose": purpose}
