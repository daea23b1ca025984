"""Many tasks at once: leased, kept and given back together, answered each by itself.

Every example gets an annotation of its own through `submit_annotation`, in a transaction of its own: one that was
lost meanwhile takes no other with it, and what was kept before a crash stays kept. docs/decisions/0017.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from apps.accounts.models import User
from apps.annotation.bulk import LARGEST, fair_share, seconds_kept, why_not_in_bulk
from apps.annotation.domain import SKIP, gold_is_due
from apps.annotation.errors import NotInBulk
from apps.annotation.models import Annotation, Assignment, AssignmentState, Queue
from apps.annotation.queries.batches import batch_of, free_tasks, held_in_batch, others_at_work
from apps.annotation.queries.desk import newest_assignment_id
from apps.annotation.services.answers import Answer, submit_annotation
from apps.annotation.services.declining import decline
from apps.annotation.services.leases import LEASE_MANY_GOLD, LEASE_MANY_OTHER, release
from apps.core.errors import BadInput, DomainError, IllegalMove, NotFound
from apps.core.events import record_event
from apps.core.pages import RowsBusy, trouble
from apps.projects.models import Membership, Project
from apps.projects.permissions import require

NOTHING_SHOWN = -1  # the lease statement lengthens the lease of what a desk is showing: here that is none


@dataclass(frozen=True)
class Outcome:
    """What became of one row of a batch: the annotation that was kept, or why there is none."""

    assignment_id: int
    annotation: Annotation | None = None
    error: DomainError | None = None


@transaction.atomic
def lease_batch(*, queue: Queue, person: User, n: int, at: datetime) -> list[Assignment]:
    """Let this person hold `n` tasks, or their fair share of what is free; what they hold already is among them.

    Sent again it gives the same batch, and lets its lease run on.
    """
    require(person=person, project=queue.project, action="annotate")
    if reason := why_not_in_bulk(queue.protocol.body):
        raise NotInBulk(reason)
    if not 1 <= n <= LARGEST:
        raise BadInput(f"A batch holds 1 to {LARGEST} tasks, not {n}.", field="n")
    _one_at_a_time(person=person, project=queue.project)
    until = at + timedelta(seconds=seconds_kept(queue.lease_seconds))
    held = held_in_batch(queue=queue, person=person, at=at)
    held.update(lease_expires_at=Greatest(F("lease_expires_at"), until))
    if room := _room(queue=queue, person=person, n=n, held=held.count(), at=at):
        _lease(queue=queue, person=person, n=room, at=at, until=until)
    return batch_of(queue=queue, person=person, at=at)


def _one_at_a_time(*, person: User, project: Project) -> None:
    """Two requests of one person for one project's batch wait for each other: a reload, two tabs."""
    mine = Membership.objects.filter(person=person, project=project)
    mine.select_for_update(no_key=True).values_list("pk", flat=True).first()


def _room(*, queue: Queue, person: User, n: int, held: int, at: datetime) -> int:
    """How many tasks more this person may have."""
    if queue.paused_at is not None or held >= n:
        return 0
    others = others_at_work(queue=queue, person=person, at=at)
    free = free_tasks(queue=queue, person=person, most=n * max(2, others + 1))
    return max(0, min(n, fair_share(free + held, others=others)) - held)


def _lease(*, queue: Queue, person: User, n: int, at: datetime, until: datetime) -> None:
    """Lease in the order in which a desk would have been served, gold where it is due: ids tell nothing of it."""
    values = {
        "queue": queue.pk,
        "person": person.pk,
        "at": at,
        "showing": NOTHING_SHOWN,
        "full": until,
        "brief": at,
        "until": until,
    }
    left = n
    for due, run in _draws(queue=queue, person=person, n=n):
        if due:
            left -= _taken(LEASE_MANY_GOLD, values, n=run, person=person)
        else:
            left -= _taken(LEASE_MANY_OTHER, values, n=run, person=person)
    _taken(LEASE_MANY_OTHER, values, n=left, person=person)


def _draws(*, queue: Queue, person: User, n: int) -> Iterator[tuple[bool, int]]:
    """For each next task whether gold is due, by the desk's draw, as runs of the same: [(False, 7), (True, 1), …]."""
    after = newest_assignment_id(queue=queue, person=person)
    draws = (
        gold_is_due(queue_id=queue.pk, person_id=person.pk, after=after + place, rate=queue.gold_rate)
        for place in range(n)
    )
    return ((due, len(list(run))) for due, run in groupby(draws))


def _taken(statement: str, values: dict[str, Any], *, n: int, person: User) -> int:
    """How many of `n` tasks the statement could lease; a lease taken up again has changed its state."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "n": n})
        rows = cursor.fetchall()
    again = [pk for pk, taken_up_again in rows if taken_up_again]
    for assignment in Assignment.objects.select_related("task__queue").filter(pk__in=again):
        record_event(
            kind="assignment.leased",
            row=assignment,
            at=values["at"],
            actor=person,
            origin=AssignmentState.EXPIRED,
        )
    return len(rows)


@transaction.atomic
def keep_batch(*, project: Project, person: User, assignment_ids: Sequence[int], at: datetime) -> list[int]:
    """Heartbeat: the leases that are still held run on. Those that are not are left out of what is returned."""
    require(person=person, project=project, action="annotate")
    _one_at_a_time(person=person, project=project)
    mine = _leased(project=project, person=person, assignment_ids=assignment_ids)
    kept = dict(mine.order_by("pk").values_list("pk", "task__queue__lease_seconds"))
    until = at + timedelta(seconds=min(map(seconds_kept, kept.values()), default=0))
    mine.filter(pk__in=kept).update(lease_expires_at=Greatest(F("lease_expires_at"), until))
    return list(kept)


@transaction.atomic
def release_batch(
    *, project: Project, person: User, assignment_ids: Sequence[int], at: datetime
) -> list[int]:
    """Give tasks back, all in one step, so that a page that is loaded again waits for it; those that were."""
    require(person=person, project=project, action="annotate")
    _one_at_a_time(person=person, project=project)
    mine = _leased(project=project, person=person, assignment_ids=assignment_ids).select_related("task")
    # in the order in which tasks are withdrawn, which locks many at once as well
    locked = list(mine.select_for_update(of=("self", "task")).order_by("task_id"))
    released = []
    for held in locked:
        with suppress(NotFound, IllegalMove):
            released.append(release(assignment_id=held.pk, person=person, project=project, at=at).pk)
    return released


def skip_batch(
    *, project: Project, person: User, assignment_ids: Sequence[int], reason: str, at: datetime
) -> list[Outcome]:
    """Not for me, said of each: the tasks stay open for others."""
    require(person=person, project=project, action="annotate")

    def act(pk: int) -> None:
        decline(assignment_id=pk, person=person, project=project, verb=SKIP.name, reason=reason, at=at)

    return [_outcome(pk, partial(act, pk)) for pk in _few(assignment_ids)]


def submit_batch(
    *, project: Project, person: User, answers: Iterable[tuple[int, Answer | DomainError]], at: datetime
) -> list[Outcome]:
    """Keep each answer by itself, once however often it is sent; an answer that could not be read is told as such."""
    require(person=person, project=project, action="annotate")
    rows = list(answers)
    _few([pk for pk, _ in rows])

    def act(pk: int, answer: Answer | DomainError) -> Annotation:
        if isinstance(answer, DomainError):
            raise answer
        return submit_annotation(assignment_id=pk, person=person, project=project, answer=answer, at=at)

    return [_outcome(pk, partial(act, pk, answer)) for pk, answer in rows]


def _leased(*, project: Project, person: User, assignment_ids: Sequence[int]) -> QuerySet[Assignment]:
    """Those of the assignments that the person holds in this project; a dispute that a lead is at is none."""
    return Assignment.objects.filter(
        pk__in=_few(assignment_ids),
        person=person,
        kind=Assignment.Kind.ANNOTATE,
        state=AssignmentState.LEASED,
        task__queue__project=project,
    )


def _few(assignment_ids: Sequence[int]) -> Sequence[int]:
    if len(assignment_ids) > LARGEST:
        raise BadInput(
            f"A batch holds at most {LARGEST} tasks; send the other {len(assignment_ids) - LARGEST} in the next."
        )
    return assignment_ids


def _outcome(assignment_id: int, act: Callable[[], Annotation | None]) -> Outcome:
    """One row of a batch; only a database that is away stops the others."""
    try:
        return Outcome(assignment_id, annotation=act())
    except DomainError as error:
        return Outcome(assignment_id, error=error)
    except OperationalError as error:
        if not isinstance(problem := trouble(error), RowsBusy):
            raise
        return Outcome(assignment_id, error=problem)
