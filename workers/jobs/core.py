"""The schedule's own jobs: seal events, sweep neglected runs, expire leases."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from apps.annotation.services.leases import EXPIRED_AT_ONCE, expire_leases
from apps.core.errors import DomainError, LostRace
from apps.core.events import SEALED_AT_ONCE, seal_events
from apps.core.jobs import EXPIRE, SEAL, SEAL_LATE, SWEEP, Job
from apps.core.runs import neglected, run_models
from apps.projects.runs import revive
from apps.training.services.runs import approved_without_run, start_training
from workers.celery import app

log = logging.getLogger(__name__)


def scheduled(job: Job) -> Callable[[Callable[[], None]], Any]:
    """Register a job of the schedule; while the database is away it says so in one line, and comes again soon."""

    def register(work: Callable[[], None]) -> Any:
        @app.task(name=job.name)
        def task() -> None:
            try:
                work()
            except OperationalError as error:
                log.warning("%s: the database is away (%s); the next turn makes up for it.", job.name, error)
                connection.close()

        return task

    return register


@scheduled(SEAL)
def seal() -> None:
    while seal_events() == SEALED_AT_ONCE:
        pass


@scheduled(SEAL_LATE)
def seal_late() -> None:
    while seal_events(everything=True) == SEALED_AT_ONCE:
        pass


@scheduled(SWEEP)
def sweep() -> None:
    """Wake what was lost: runs nobody works on, and approved proposals whose training was never queued."""
    now = timezone.now()
    for model in run_models():
        for run in neglected(model, at=now):
            try:
                revive(run, at=now)
            except LostRace:
                continue  # its worker, or another sweeper, was quicker: that is what we wanted
            log.warning("%s %s was neglected (%s); woken again", model.__name__, run.pk, run.state)
    for proposal_id in approved_without_run():
        try:
            start_training(proposal_id=proposal_id, at=now)
        except DomainError as reason:  # one project that cannot train must not hold up the others
            log.warning("The approved proposal %s cannot be trained yet: %s", proposal_id, reason)


@scheduled(EXPIRE)
def expire() -> None:
    while expire_leases(at=timezone.now()) == EXPIRED_AT_ONCE:
        pass
