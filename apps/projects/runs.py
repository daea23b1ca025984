"""What people may do to a run: cancel it, or queue it again. Whoever calls, the role is checked here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.core import runs
from apps.core.models import Run
from apps.projects.models import Project
from apps.projects.permissions import require


def cancel(*, run: Run, by: User, at: datetime) -> None:
    """Ask a run to stop: at once when it waits, at its next heartbeat when it runs."""
    require(person=by, project=_project(run), action="run_jobs")
    runs.cancel(run=run, by=by, at=at)


def retry(*, run: Run, by: User, at: datetime) -> None:
    """Queue a failed or cancelled run again; it resumes from its last checkpoint where it has one."""
    require(person=by, project=_project(run), action="run_jobs")
    runs.retry(run=run, by=by, at=at)


def _project(run: Any) -> Project:
    project: Project = run.project  # every kind of run names its own
    return project
