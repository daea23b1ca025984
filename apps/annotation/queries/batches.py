"""A batch: what one person holds for labelling in bulk, and what is left to take."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.annotation.models import HOLDING, Assignment, AssignmentState, Queue
from apps.annotation.queries.desk import free_for


def held_in_batch(*, queue: Queue, person: User, at: datetime) -> QuerySet[Assignment]:
    """The person's live leases in this queue; a reopened answer is for the desk."""
    return Assignment.objects.filter(
        task__queue=queue,
        person=person,
        kind=Assignment.Kind.ANNOTATE,
        state=AssignmentState.LEASED,
        lease_expires_at__gt=at,
    )


def batch_of(*, queue: Queue, person: User, at: datetime) -> list[Assignment]:
    """What the person holds, with all that a tile shows, in the order in which it was leased."""
    held = held_in_batch(queue=queue, person=person, at=at).order_by("leased_at", "pk")
    batch = list(held.select_related("task__example", "task__payload", "task__model", "reveal"))
    for assignment in batch:
        assignment.person, assignment.task.queue = person, queue
    return batch


def free_tasks(*, queue: Queue, person: User, most: int) -> int:
    """How many open tasks the person could be given, counted up to `most`; gold does not count."""
    return free_for(person).filter(queue=queue)[:most].count()


def others_at_work(*, queue: Queue, person: User, at: datetime) -> int:
    """How many other people hold something of this queue now."""
    theirs = Assignment.objects.filter(
        task__queue=queue, kind=Assignment.Kind.ANNOTATE, state__in=HOLDING, lease_expires_at__gt=at
    )
    return theirs.exclude(person=person).values("person").distinct().count()
