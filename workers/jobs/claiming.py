"""Turns a function of a claimed run into a job: claims, and ends the run in a state that tells the truth."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import OperationalError, connection
from django.utils import timezone

from apps.core.errors import DomainError, LostRace
from apps.core.jobs import Job
from apps.core.models import Run
from apps.core.runs import ClaimLost, RunCancelled, claim, stop
from apps.projects.runs import fail
from workers.celery import app

log = logging.getLogger(__name__)
AnyRun = TypeVar("AnyRun", bound=Run)


class JobFailed(DomainError):
    """The work cannot be done; the sentence is shown to whoever waits for it."""

    code = "job_failed"


def claims(job: Job, model: type[AnyRun]) -> Callable[[Callable[[AnyRun], None]], Any]:
    """Register `work(run)` as the job's task; it is called only with a run that this worker has claimed."""

    def register(work: Callable[[AnyRun], None]) -> Any:
        @app.task(name=job.name)
        def task(run_id: int) -> None:
            do(model, run_id, work)

        return task

    return register


def do(model: type[AnyRun], run_id: int, work: Callable[[AnyRun], None]) -> None:
    """Claim and work; every way out leaves the row done, failed, cancelled, or to the sweeper."""
    try:
        run = claim(model, run_id, at=timezone.now())
    except (LostRace, model.DoesNotExist) as reason:
        log.info("%s %s: nothing to do (%s)", model.__name__, run_id, reason)
        return
    try:
        _work_to_its_end(run, work)
    except ClaimLost as lost:
        log.warning("%s", lost)


def _work_to_its_end(run: AnyRun, work: Callable[[AnyRun], None]) -> None:
    name = f"{type(run).__name__} {run.pk}"
    try:
        work(run)
    except ClaimLost:
        raise
    except RunCancelled:
        stop(run, at=timezone.now())
    except OperationalError as error:
        # the database went away: the row still says running, and the sweeper hands the work on
        log.warning("%s: the database went away (%s); it will be resumed.", name, error)
        connection.close()
    except DomainError as error:
        fail(run, error=error.message, at=timezone.now())
    except Exception as error:
        log.exception("%s failed", name)
        words = f"This failed unexpectedly ({type(error).__name__}: {error}). See the log."
        fail(run, error=words, at=timezone.now())
