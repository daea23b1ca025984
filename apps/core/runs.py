"""The protocol of a run: claim, beat, finish; cancel and retry by people; sweep what is stale; how long it takes."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from apps.core.errors import DomainError, LostRace
from apps.core.events import record_event
from apps.core.jobs import enqueue_run
from apps.core.models import Run, RunState
from apps.core.moves import move

AnyRun = TypeVar("AnyRun", bound=Run)
MAX_ATTEMPTS = 4
LOOKS = ((120, 5), (30, 2), (0, 1))  # seconds a run has run → seconds between looks at it


def stale_after() -> timedelta:
    """How long a running job may be silent before another worker takes it over."""
    return timedelta(seconds=settings.JOB_STALE_SECONDS)


class ClaimLost(DomainError):
    """Another worker has taken this run over; whoever gets this must stop and record nothing."""

    code = "claim_lost"


class RunCancelled(DomainError):
    """Somebody asked for this run to stop."""

    code = "run_cancelled"


class UnderWay(DomainError):
    """Of this kind of run a project has one at a time."""

    code = "under_way"

    def __init__(self) -> None:
        super().__init__(
            "Another run of this kind is under way. Wait until it is over, or cancel it, then try this one again."
        )


def run_models() -> list[type[Run]]:
    """Every model that is a run."""
    return [model for model in apps.get_models() if issubclass(model, Run)]


@transaction.atomic
def claim(model: type[AnyRun], pk: int, *, at: datetime) -> AnyRun:
    """Take the queued run; raises `LostRace` when another worker has it or it is over."""
    run = model._default_manager.get(pk=pk)
    if run.state != RunState.QUEUED:
        raise LostRace(run, RunState.RUNNING)
    token = uuid.uuid4()
    move(
        run,
        to=RunState.RUNNING,
        at=at,
        data={"attempt": run.attempts + 1},
        claim=token,
        attempts=run.attempts + 1,
        heartbeat_at=at,
        started_at=run.started_at or at,
        error="",
    )
    return run


def beat(run: Run, *, at: datetime, **progress: object) -> None:
    """Say that the worker lives, and how far it is. Raises `ClaimLost` or `RunCancelled` when it must stop."""
    held = type(run)._default_manager.filter(pk=run.pk, claim=run.claim, state=RunState.RUNNING)
    run.progress = {**run.progress, **progress}
    if not held.update(heartbeat_at=at, progress=run.progress):
        raise ClaimLost(f"{type(run).__name__} {run.pk} was taken over by another worker.")
    if held.filter(cancel_requested_at__isnull=False).exists():
        raise RunCancelled(f"{type(run).__name__} {run.pk} was cancelled.")


def lock_claimed(run: AnyRun) -> AnyRun:
    """Lock the run's row for recording its result; raises `ClaimLost` when the claim is no longer ours."""
    held = (
        type(run)
        ._default_manager.select_for_update()
        .filter(pk=run.pk, claim=run.claim, state=RunState.RUNNING)
    )
    row = held.first()
    if row is None:
        raise ClaimLost(f"{type(run).__name__} {run.pk} was taken over by another worker.")
    return row


def finish(run: Run, *, at: datetime, **changes: Any) -> None:
    """Move a claimed run to done, inside the transaction that records its result."""
    move(run, to=RunState.DONE, at=at, finished_at=at, **changes)


@transaction.atomic
def fail(run: Run, *, error: str, at: datetime) -> None:
    """Move a claimed run to failed, with a sentence for the person who waits."""
    row = lock_claimed(run)
    move(row, to=RunState.FAILED, at=at, finished_at=at, error=error[:4000])


@transaction.atomic
def stop(run: Run, *, at: datetime) -> None:
    """Move a claimed run to cancelled, after its worker has let go."""
    move(lock_claimed(run), to=RunState.CANCELLED, at=at, finished_at=at)


@transaction.atomic
def cancel(*, run: Run, by: Any, at: datetime) -> None:
    """Ask a run to stop: at once when it waits, at its next heartbeat when it runs."""
    row = type(run)._default_manager.select_for_update().get(pk=run.pk)
    if row.state == RunState.RUNNING:
        if row.cancel_requested_at is None:
            type(run)._default_manager.filter(pk=run.pk).update(cancel_requested_at=at)
            # who asked: the worker that lets go later acts for nobody
            record_event(kind=f"{row._meta.model_name}.cancel_asked", row=row, at=at, actor=by)
        return
    move(row, to=RunState.CANCELLED, at=at, actor=by, finished_at=at)


@transaction.atomic
def retry(*, run: Run, by: Any, at: datetime) -> None:
    """Queue a failed or cancelled run again; it resumes from its last checkpoint where it has one."""
    row = type(run)._default_manager.select_for_update().get(pk=run.pk)
    afresh: dict[str, Any] = {"attempts": 0, "cancel_requested_at": None, "finished_at": None, "error": ""}
    try:
        with transaction.atomic():
            move(row, to=RunState.QUEUED, at=at, actor=by, **afresh)
    except IntegrityError as error:
        raise UnderWay from error  # of some kinds there may be one at a time
    enqueue_run(row.JOB, row, at=at)


def neglected(model: type[AnyRun], *, at: datetime) -> QuerySet[AnyRun]:
    """Runs whose wake-up seems lost, or whose worker has fallen silent."""
    silent = at - stale_after()
    waiting = Q(state=RunState.QUEUED) & (Q(woken_at=None) | Q(woken_at__lt=silent))
    return model._default_manager.filter(waiting | Q(state=RunState.RUNNING, heartbeat_at__lt=silent))


@transaction.atomic
def revive(run: Run, *, at: datetime) -> None:
    """Queue a neglected run again, or fail it when its worker has died too often."""
    row = (
        type(run)
        ._default_manager.select_for_update(skip_locked=True)
        .filter(pk=run.pk, state=run.state)
        .first()
    )
    if row is None or row.heartbeat_at != run.heartbeat_at:
        raise LostRace(run, RunState.QUEUED)
    if row.state == RunState.RUNNING and row.attempts >= MAX_ATTEMPTS:
        error = f"The worker died {row.attempts} times while doing this. See the worker's log; then retry."
        move(row, to=RunState.FAILED, at=at, finished_at=at, error=error)
        return
    if row.state == RunState.RUNNING:
        move(row, to=RunState.QUEUED, at=at, data={"why": "its worker fell silent"}, claim=None)
    enqueue_run(row.JOB, row, at=at)


def time_left(seconds: float | None) -> str:
    """In words, about how long a run will still take; nothing while that is unknown."""
    if seconds is None:
        return ""
    return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {max(1, round(seconds))} s left"


def look_again(ran: float) -> int:
    """Seconds until a page should look at a run again: soon at first, then less and less often."""
    return next(wait for since, wait in LOOKS if ran >= since)
