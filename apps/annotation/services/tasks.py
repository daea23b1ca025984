"""Queues made, tasks opened and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.annotation.models import Queue, Task
from apps.annotation.services.notices import take_back
from apps.core.errors import BadInput, DomainError
from apps.core.events import record_event
from apps.core.moves import move
from apps.projects.models import Project, Protocol
from apps.projects.permissions import require


class PauseUnchanged(DomainError):
    """The queue is as it was asked to become: somebody else was first."""

    code = "queue_unchanged"

    def __init__(self, *, paused: bool) -> None:
        super().__init__(
            f"This queue is {'paused already' if paused else 'not paused'}. Reload the page to see it."
        )


class NothingOpen(DomainError):
    code = "nothing_open"

    def __init__(self) -> None:
        super().__init__(
            "Nothing is open in this queue, so nothing was withdrawn. Reload the page to see it."
        )


def queue_for(*, project: Project, protocol: Protocol, at: datetime) -> Queue:
    """The queue of this project and protocol, made when there is none."""
    queue, _ = Queue.objects.get_or_create(
        project=project,
        protocol=protocol,
        defaults={"name": f"Protocol {protocol.version}", "created_at": at},
    )
    return queue


@transaction.atomic
def open_tasks(*, queue: Queue, tasks: Sequence[Task], at: datetime, source: str) -> int:
    """Insert tasks as open, with one event for the lot."""
    for task in tasks:
        task.queue = queue
        task.open_slots = task.overlap
        task.created_at = at
    Task.objects.bulk_create(tasks, batch_size=2_000)
    record_event(kind="queue.tasks_opened", row=queue, at=at, tasks=len(tasks), source=source)
    return len(tasks)


@transaction.atomic
def withdraw_tasks(*, tasks: QuerySet[Task], by: User | None, at: datetime, why: str) -> int:
    """Take tasks out of the queue; answers given so far are kept. The service that calls this has asked who may."""
    withdrawn: list[Task] = []
    # in one order, so that two who withdraw the same tasks wait for each other instead of both failing
    for task in tasks.order_by("pk").select_for_update(of=("self",)).select_related("queue__project"):
        move(task, to=Task.State.WITHDRAWN, at=at, actor=by, data={"why": why}, closed_at=at)
        withdrawn.append(task)
    take_back(queues={task.queue for task in withdrawn}, at=at)
    return len(withdrawn)


@transaction.atomic
def withdraw_open_tasks(*, queue: Queue, by: User, at: datetime, why: str) -> int:
    """Take all that is open out of the queue, gold too: an older protocol's tasks need not be answered any more."""
    require(person=by, project=queue.project, action="run_queue")
    if not why.strip() or len(why) > 500:
        raise BadInput("Say why, in at most 500 characters: it is kept with each task.", field="why")
    count = withdraw_tasks(tasks=queue.tasks.filter(state=Task.State.OPEN), by=by, at=at, why=why.strip())
    if count == 0:
        raise NothingOpen
    return count


@transaction.atomic
def pause_queue(*, queue: Queue, by: User, at: datetime) -> None:
    """Serve nothing more from the queue until it is resumed; leases that are out stay good."""
    require(person=by, project=queue.project, action="run_queue")
    if not Queue.objects.filter(pk=queue.pk, paused_at=None).update(paused_at=at):
        raise PauseUnchanged(paused=True)
    record_event(kind="queue.paused", row=queue, at=at, actor=by)


@transaction.atomic
def resume_queue(*, queue: Queue, by: User, at: datetime) -> None:
    """Serve from the queue again."""
    require(person=by, project=queue.project, action="run_queue")
    if not Queue.objects.filter(pk=queue.pk, paused_at__isnull=False).update(paused_at=None):
        raise PauseUnchanged(paused=False)
    record_event(kind="queue.resumed", row=queue, at=at, actor=by)
