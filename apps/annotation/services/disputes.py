"""Who is at a dispute: leases of adjudication taken, kept, taken over and given back. They hold no slot of the task."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from apps.accounts.models import User
from apps.annotation.errors import BeingSettled, NothingToSettle, OwnTask
from apps.annotation.models import DISPUTED, HOLDING, Assignment, AssignmentState, Task
from apps.annotation.queries.tasks import claims_of, seats_at
from apps.core.errors import NotFound
from apps.core.events import record_event
from apps.core.moves import move
from apps.projects.permissions import require

SEAT_SECONDS = 180
"""How long a dispute is kept for a lead whose page is no longer heard of; an open one is heard of every minute."""


@transaction.atomic
def take_dispute(*, task_id: int, by: User, at: datetime, take_over: bool = False) -> Assignment:
    """Lease the dispute to this lead, or let their lease run on: an open page asks every minute.

    Raises `BeingSettled` while another lead has it. With `take_over` it is taken from them: their lease ends, and
    the event says who ended it.
    """
    task = lock_dispute(task_id=task_id, by=by)
    clear(task=task, by=by, at=at, take_over=take_over)
    mine = seat(task=task, by=by, at=at)
    until = at + timedelta(seconds=SEAT_SECONDS)
    Assignment.objects.filter(pk=mine.pk).update(lease_expires_at=until)
    mine.lease_expires_at = until
    return mine


@transaction.atomic
def leave_dispute(*, task_id: int, by: User, at: datetime) -> Assignment | None:
    """Give the dispute back unsettled; None where this lead had not taken it."""
    held = Assignment.objects.select_for_update(of=("self", "task")).select_related("task__queue__project")
    mine = held.filter(task=task_id, person=by, kind=Assignment.Kind.ADJUDICATE, state__in=HOLDING).first()
    if mine is not None:
        _end(mine, at=at, by=by, why="left")
    return mine


def lock_dispute(*, task_id: int, by: User) -> Task:
    """The task, locked, when it is this person's to settle; raises what stands against it."""
    task = lock_for_lead(task_id=task_id, by=by)
    if task.state not in DISPUTED:
        raise NothingToSettle
    if claims_of(person=by).filter(task=task).exists():
        raise OwnTask
    return task


def lock_for_lead(*, task_id: int, by: User) -> Task:
    """The task, locked, for somebody who may decide about it."""
    task = (
        Task.objects.select_for_update(of=("self",))
        .select_related("queue__protocol", "queue__project")
        .filter(pk=task_id)
        .first()
    )
    if task is None:
        raise NotFound("There is no such task.")
    require(person=by, project=task.queue.project, action="adjudicate")
    return task


def seat(*, task: Task, by: User, at: datetime) -> Assignment:
    """The lead's assignment: new, or taken up again. One that had settled the task before is a draft from now on."""
    values = {"leased_at": at, "lease_expires_at": at, "task": task}
    mine = task.assignments.filter(kind=Assignment.Kind.ADJUDICATE, person=by).first()
    if mine is None:
        mine = Assignment.objects.create(person=by, kind=Assignment.Kind.ADJUDICATE, **values)
        record_event(kind="assignment.leased", row=mine, at=at, actor=by, adjudicates=task.pk)
    elif mine.state == AssignmentState.EXPIRED:
        move(mine, to=AssignmentState.LEASED, at=at, actor=by, leased_at=at)
    elif mine.state == AssignmentState.SUBMITTED:
        move(mine, to=AssignmentState.DRAFT, at=at, actor=by, data={"why": "settled anew"}, leased_at=at)
    return mine


def clear(*, task: Task, by: User, at: datetime, take_over: bool = False) -> None:
    """See that no other lead is at this dispute: raises `BeingSettled`; a lease of theirs that ran out is ended."""
    other = seats_at(task=task).exclude(person=by).select_related("person").first()
    if other is None:
        return
    late = other.lease_expires_at <= at
    if not late and not take_over:
        raise BeingSettled(name=other.person.display_name, since=other.leased_at, at=at)
    _end(other, at=at, by=None if late else by, why="lease ran out" if late else "taken over")


def _end(assignment: Assignment, *, at: datetime, by: User | None, why: str) -> None:
    """What was settled before stands as it was."""
    settled = assignment.state == AssignmentState.DRAFT
    to = AssignmentState.SUBMITTED if settled else AssignmentState.EXPIRED
    move(assignment, to=to, at=at, actor=by, data={"why": why}, closed_at=at)
