"""What people may do to a run, and what its starter is told of its end. Whoever calls, the role is checked here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.services.notices import notify
from apps.core import runs
from apps.core.models import Run, RunState
from apps.projects.models import Project
from apps.projects.permissions import require

NAMES = {
    "importrun": "Import",
    "exportrun": "Export",
    "predictionrun": "Prediction",
    "miningrun": "Mining",
    "snapshotrun": "Dataset",
    "curriculumrun": "Proposal",
    "trainingrun": "Training",
}
PAGES = {
    "importrun": "exchange:run",
    "exportrun": "exchange:export",
    "miningrun": "mining:run",
    "trainingrun": "training:run",
}
"""The pages of single runs; all others stand on the jobs page alone."""


def cancel(*, run: Run, by: User, at: datetime) -> None:
    """Ask a run to stop: at once when it waits, at its next heartbeat when it runs."""
    require(person=by, project=_project(run), action="run_jobs")
    runs.cancel(run=run, by=by, at=at)


def retry(*, run: Run, by: User, at: datetime) -> None:
    """Queue a failed or cancelled run again; it resumes from its last checkpoint where it has one."""
    require(person=by, project=_project(run), action="run_jobs")
    runs.retry(run=run, by=by, at=at)


def finish(run: Run, *, at: datetime, **changes: Any) -> None:
    """Move a claimed run to done, inside the transaction that records its result; tell who started it."""
    runs.finish(run, at=at, **changes)
    _tell(run, at=at)


@transaction.atomic
def fail(run: Run, *, error: str, at: datetime) -> None:
    """Move a claimed run to failed, with a sentence for who started it."""
    runs.fail(run, error=error, at=at)
    _tell(type(run)._default_manager.get(pk=run.pk), at=at)


@transaction.atomic
def revive(run: Run, *, at: datetime) -> None:
    """Queue a neglected run again, or fail it when its worker has died too often; then tell who started it."""
    runs.revive(run, at=at)
    row = type(run)._default_manager.get(pk=run.pk)
    if row.state == RunState.FAILED:
        _tell(row, at=at)


def _tell(run: Run, *, at: datetime) -> None:
    if run.created_by_id is None:
        return
    project, kind = _project(run), str(run._meta.model_name)
    what = f"{NAMES.get(kind, kind)} {run.pk} in {project}"
    ending, words = ("done", "is done") if run.state == RunState.DONE else ("failed", "has failed")
    view, names = (PAGES[kind], [project.slug, run.pk]) if kind in PAGES else ("explore:jobs", [project.slug])
    notify(
        people=[run.created_by_id],
        kind=f"run_{ending}",
        project_id=project.pk,
        about=f"{kind}:{run.pk}",
        title=f"{what} {words}. {run.error}".strip(),
        url=reverse(view, args=names),
        at=at,
    )


def _project(run: Any) -> Project:
    project: Project = run.project  # every kind of run names its own
    return project
