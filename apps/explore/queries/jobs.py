"""Every run of a project, whatever its kind: what is running, waiting, failed and done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet

from apps.core.errors import NotFound
from apps.core.models import Run, RunState
from apps.core.runs import run_models, time_left
from apps.projects.models import Project
from apps.projects.runs import NAMES
from apps.training.progress import PHASES

RELATED = {
    "predictionrun": ("model",),
    "snapshotrun": ("dataset",),
    "curriculumrun": ("dataset", "proposal__curriculum"),
}
WORKERS = {"default": "a general worker", "mining": "a mining worker", "training": "a training worker"}
Link = tuple[str, Any]
SHOWN = {RunState.FAILED: 20, RunState.CANCELLED: 10, RunState.DONE: 12}
LIVE = (RunState.RUNNING, RunState.QUEUED)


@dataclass(frozen=True)
class Job:
    """One run as the jobs page shows it. `done` and `total` are None while unknown; seconds likewise.

    `name` says what kind of work it is, `title` which; `link` is its page: (view, argument or None).
    """

    kind: str
    name: str
    title: str
    link: Link
    worker: str
    run: Any
    done: int | None
    total: int | None
    note: str
    rate: str
    left: str
    seconds: float | None


@dataclass(frozen=True)
class Board:
    running: list[Job]
    waiting: list[Job]
    failed: list[Job]
    over: list[Job]

    @property
    def busy(self) -> bool:
        return bool(self.running or self.waiting)


def jobs(*, project: Project, at: datetime) -> Board:
    """The newest runs of every kind, grouped by state."""
    found: list[Run] = []
    for model in run_models():
        runs = _runs(model, project).order_by("-pk")
        found += runs.filter(state__in=LIVE)
        for state, n in SHOWN.items():
            found += runs.filter(state=state)[:n]
    told = [job_of(run, at=at) for run in sorted(found, key=lambda run: run.created_at, reverse=True)]
    return Board(
        running=[job for job in told if job.run.state == RunState.RUNNING],
        waiting=[job for job in told if job.run.state == RunState.QUEUED],
        failed=[job for job in told if job.run.state == RunState.FAILED],
        over=[job for job in told if job.run.state in (RunState.DONE, RunState.CANCELLED)][:20],
    )


def _runs(model: type[Run], project: Project) -> QuerySet[Any]:
    manager: Any = model._default_manager  # every kind of run has a project, though `Run` itself has none
    related = RELATED.get(str(model._meta.model_name), ())
    return cast("QuerySet[Any]", manager.select_related("created_by", *related).filter(project=project))


def _import(run: Any) -> tuple[str, Link]:
    return f"Import {run.pk}", ("exchange:run", run.pk)


def _export(run: Any) -> tuple[str, Link]:
    return f"Export {run.pk}", ("exchange:export", run.pk)


def _prediction(run: Any) -> tuple[str, Link]:
    return f"Predictions of model {run.model}", ("training:model", run.model.number)


def _mining(run: Any) -> tuple[str, Link]:
    return f"Mining run {run.pk}", ("mining:run", run.pk)


def _snapshot(run: Any) -> tuple[str, Link]:
    if run.dataset is None:
        return "A dataset version", ("datasets:datasets", None)
    return f"Dataset v{run.dataset.number}", ("datasets:dataset", run.dataset.number)


def _curriculum(run: Any) -> tuple[str, Link]:
    if run.proposal is None:
        return f"A proposal from dataset v{run.dataset.number}", ("curricula:proposals", None)
    return f"Curriculum v{run.proposal.curriculum.number}", ("curricula:proposal", run.proposal_id)


def _training(run: Any) -> tuple[str, Link]:
    return f"Training run {run.pk}", ("training:run", run.pk)


TITLES: dict[str, Callable[[Any], tuple[str, Link]]] = {
    "importrun": _import,
    "exportrun": _export,
    "predictionrun": _prediction,
    "miningrun": _mining,
    "snapshotrun": _snapshot,
    "curriculumrun": _curriculum,
    "trainingrun": _training,
}


def job_of(run: Run, *, at: datetime) -> Job:
    """The run with its progress in words."""
    kind = str(run._meta.model_name)
    progress, seconds = run.progress, run.seconds(at)
    done = progress.get("done", progress.get("rows"))
    total = progress.get("total")
    phase, (title, link) = progress.get("phase"), TITLES[kind](run)
    words = (
        PHASES.get(phase or "", phase),
        progress.get("stage"),
        f"{done:,} rows" if "rows" in progress else "",
    )
    return Job(
        kind=kind,
        name=NAMES.get(kind, kind),
        title=title,
        link=link,
        worker=WORKERS[run.JOB.lane],
        run=run,
        done=done,
        total=total,
        note=" · ".join(str(word) for word in words if word not in (None, "")),
        rate=f"{done / seconds:,.1f} per s" if done and seconds else "",
        left=_left(progress, done, total, seconds),
        seconds=seconds,
    )


def _left(progress: dict[str, Any], done: int | None, total: int | None, seconds: float | None) -> str:
    left = progress.get("seconds_left")
    if left is None and done and total and seconds:
        left = (total - done) * seconds / done
    return time_left(left)


def run_of(*, project: Project, kind: str, run_id: int) -> Run:
    """The project's run of this kind; raises `NotFound`."""
    for model in run_models():
        if model._meta.model_name == kind:
            run: Run | None = _runs(model, project).filter(pk=run_id).first()
            if run is not None:
                return run
    raise NotFound("There is no such job in this project.")
