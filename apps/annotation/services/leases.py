"""Who labels what next: leases taken, kept, given back and expired."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.accounts.models import User
from apps.annotation.domain import gold_is_due
from apps.annotation.models import HOLDING, Assignment, AssignmentState, Queue
from apps.annotation.queries.desk import card_assignment, held_assignment
from apps.core.compiled import CompiledQuery, Given
from apps.core.errors import NotFound
from apps.core.events import record_event
from apps.core.moves import move
from apps.projects.models import Project
from apps.projects.permissions import MAY, require
from apps.projects.queries import protocol_of

# What the person holds already comes first, but what they look at. Else, of the first task for everybody and the first
# for each group of theirs: the one of the highest priority, within a priority what is reserved, then what stands first.
# A task that others are just taking is passed over (SKIP LOCKED), never waited for. A lease of ours that expired is
# taken up again rather than doubled: one assignment per task and person. What is looked at from now on, and was leased
# ahead, is leased in full. One statement, because this is what experts wait for. MANY leases `n` tasks beside what is
# held, for a batch.
EXPIRED_AT_ONCE = 500
AHEAD_SECONDS = 120
"""How long a task is kept for somebody who has not seen it yet: docs/decisions/0013."""
LEASE = """
WITH held AS (
    SELECT mine.id FROM annotation_assignment AS mine JOIN annotation_task AS task ON task.id = mine.task_id
    WHERE mine.person_id = %(person)s AND mine.state IN ('leased', 'draft') AND mine.lease_expires_at > %(at)s
      AND mine.kind = 'annotate' AND task.queue_id = %(queue)s AND mine.id <> %(showing)s
    ORDER BY mine.leased_at, mine.id LIMIT 1
), looked_at AS (
    UPDATE annotation_assignment SET lease_expires_at = greatest(lease_expires_at, %(full)s)
    WHERE id = CASE WHEN %(showing)s = 0 THEN (SELECT id FROM held) ELSE %(showing)s END
      AND person_id = %(person)s AND state IN ('leased', 'draft')
      AND lease_expires_at > %(at)s AND lease_expires_at <= %(brief)s
), chosen AS (
    SELECT first.id FROM ({audiences}) AS audience CROSS JOIN LATERAL (
        SELECT task.id, task.priority FROM annotation_task AS task
        WHERE task.queue_id = %(queue)s AND coalesce(task.reserved_for_id, 0) = audience.id
          AND task.state = 'open' AND task.open_slots > 0 AND {gold} {unless_held}
          AND NOT EXISTS (
            SELECT 1 FROM annotation_assignment AS mine
            WHERE mine.task_id = task.id AND mine.person_id = %(person)s AND mine.state <> 'expired')
        ORDER BY task.priority DESC, task.id
        LIMIT {n} FOR UPDATE OF task SKIP LOCKED
    ) AS first
    ORDER BY floor(first.priority) DESC, audience.id = 0, first.priority DESC, first.id
    LIMIT {n}
), leased AS (
    INSERT INTO annotation_assignment AS mine
        (task_id, person_id, kind, state, leased_at, lease_expires_at, reason, note)
    SELECT chosen.id, %(person)s, 'annotate', 'leased', %(at)s, %(until)s, '', '' FROM chosen
    ON CONFLICT (task_id, person_id) DO UPDATE
        SET state = 'leased', leased_at = EXCLUDED.leased_at, lease_expires_at = EXCLUDED.lease_expires_at
        WHERE mine.state = 'expired'
    RETURNING mine.id, mine.xmax <> 0 AS taken_up_again
)
{held} SELECT id, taken_up_again FROM leased
"""
# an example that somebody has judged before, in whatever task, is no gold for them: it would stand out
UNSEEN = """NOT EXISTS (
        SELECT 1 FROM annotation_assignment AS seen JOIN annotation_task AS other ON other.id = seen.task_id
        WHERE other.example_id = task.example_id AND seen.person_id = %(person)s AND seen.state <> 'expired')"""
EVERYBODY = "SELECT 0::bigint AS id"
OWN_GROUPS = "SELECT group_id FROM projects_group_people WHERE user_id = %(person)s"
GOLD = {"gold": f"task.reason = 'gold' AND {UNSEEN}", "audiences": EVERYBODY}
OTHER = {"gold": "task.reason <> 'gold'", "audiences": f"{EVERYBODY} UNION ALL {OWN_GROUPS}"}
ONE = {
    "n": "1",
    "unless_held": "AND NOT EXISTS (SELECT 1 FROM held)",
    "held": "SELECT id, false FROM held UNION ALL",
}
MANY = {"n": "%(n)s", "unless_held": "", "held": ""}
LEASE_GOLD, LEASE_OTHER = LEASE.format(**GOLD, **ONE), LEASE.format(**OTHER, **ONE)
LEASE_MANY_GOLD, LEASE_MANY_OTHER = LEASE.format(**GOLD, **MANY), LEASE.format(**OTHER, **MANY)


OWN_LOCKED = CompiledQuery(
    lambda: (
        Assignment.objects.select_for_update(of=("self", "task"))
        .select_related("task__queue", "reveal")
        # who has been taken out of the project, or may not annotate any more, holds nothing there
        .filter(
            pk=Given("pk"),
            person=Given("person"),
            kind=Assignment.Kind.ANNOTATE,
            task__queue__project__memberships__person=Given("person"),
            task__queue__project__memberships__role__in=sorted(MAY["annotate"]),
        )
    )
)


@transaction.atomic
def lease_next(*, queue: Queue, person: User, at: datetime, after: int = 0) -> Assignment | None:
    """Lease the next task to this person, or hand back the one they hold; None when there is nothing for them.

    `after` is the id of the assignment they have just finished; it decides whether gold is due.
    """
    require(person=person, project=queue.project, action="annotate")
    return lease_within(queue=queue, person=person, at=at, after=after)


@transaction.atomic
def lease_ahead(*, queue: Queue, person: User, showing: int, at: datetime) -> Assignment | None:
    """Lease the task after the one that is `showing`, for a short time: who has one ahead already gets that one."""
    require(person=person, project=queue.project, action="annotate")
    return lease_within(queue=queue, person=person, at=at, after=showing, showing=showing)


def lease_within(
    *, queue: Queue, person: User, at: datetime, after: int, showing: int = 0
) -> Assignment | None:
    """`lease_next`, or `lease_ahead` of `showing`, in the caller's transaction: the hot path has no savepoints."""
    if queue.paused_at is not None:
        return held_assignment(queue=queue, person=person, at=at, showing=showing)
    return _lease(queue=queue, person=person, at=at, after=after, showing=showing)


def _lease(*, queue: Queue, person: User, at: datetime, after: int, showing: int) -> Assignment | None:
    due = gold_is_due(queue_id=queue.pk, person_id=person.pk, after=after, rate=queue.gold_rate)
    full, brief = (at + timedelta(seconds=each) for each in (queue.lease_seconds, AHEAD_SECONDS))
    values: dict[str, int | datetime] = {
        "queue": queue.pk,
        "person": person.pk,
        "at": at,
        "showing": showing,
        "full": full,
        "brief": brief,
        "until": min(full, brief) if showing else full,
    }
    with connection.cursor() as cursor:
        for statement in (LEASE_GOLD, LEASE_OTHER) if due else (LEASE_OTHER,):
            cursor.execute(statement, values)
            if row := cursor.fetchone():
                assignment = card_assignment(assignment_id=row[0], queue=queue, person=person)
                return _noted(assignment, at=at) if row[1] else assignment
    return None


def _noted(assignment: Assignment, *, at: datetime) -> Assignment:
    """With its event: an expired lease that is taken up again has changed its state."""
    origin = AssignmentState.EXPIRED
    record_event(kind="assignment.leased", row=assignment, at=at, actor=assignment.person, origin=origin)
    return assignment


def lock_own(*, assignment_id: int, person: User, project: Project | None = None) -> Assignment:
    """The member's assignment with its task, both locked; raises `NotFound` for anybody else's.

    `project` is the one an address names: an assignment of another is not there.
    """
    assignment = OWN_LOCKED.first(pk=assignment_id, person=person.pk)
    if assignment is None or (project is not None and assignment.task.queue.project_id != project.pk):
        raise NotFound("You hold no such assignment.")
    assignment.task.queue.protocol = protocol_of(assignment.task.queue.protocol_id)
    return assignment


@transaction.atomic
def keep_lease(
    *, assignment_id: int, person: User, project: Project | None = None, at: datetime
) -> Assignment:
    """Heartbeat of the desk: the lease runs on from now, and with it the one ahead. None is revived by it."""
    assignment = lock_own(assignment_id=assignment_id, person=person, project=project)
    if assignment.state in HOLDING:
        extend(assignment, at=at)
    return assignment


def extend(assignment: Assignment, *, at: datetime, **changes: object) -> None:
    """Let the lease run on from `at`, and that of the task ahead beside it; a heartbeat is not an event."""
    queue = assignment.task.queue
    until = at + timedelta(seconds=queue.lease_seconds)
    Assignment.objects.filter(pk=assignment.pk).update(lease_expires_at=until, **changes)
    assignment.lease_expires_at = until
    briefly = min(until, at + timedelta(seconds=AHEAD_SECONDS))
    ahead = Assignment.objects.filter(
        person=assignment.person_id, task__queue=queue, kind=Assignment.Kind.ANNOTATE
    ).exclude(pk=assignment.pk)
    brief = ahead.filter(state=AssignmentState.LEASED, lease_expires_at__gt=at, lease_expires_at__lt=briefly)
    brief.update(lease_expires_at=briefly)


@transaction.atomic
def release(*, assignment_id: int, person: User, project: Project | None = None, at: datetime) -> Assignment:
    """Give the task back: a draft is kept for when it comes round again, a reopened answer stands as it was."""
    assignment = lock_own(assignment_id=assignment_id, person=person, project=project)
    if assignment.state == AssignmentState.DRAFT:
        move(
            assignment,
            to=AssignmentState.SUBMITTED,
            at=at,
            actor=person,
            data={"why": "left as it was"},
            draft=None,
        )
        return assignment
    move(assignment, to=AssignmentState.EXPIRED, at=at, actor=person, data={"why": "released"}, closed_at=at)
    return assignment


def expire_leases(*, at: datetime, limit: int = EXPIRED_AT_ONCE) -> int:
    """Free the tasks of leases that have run out. A reopened answer goes back to standing as it was.

    Each in a transaction of its own: one that held many tasks locked could deadlock with who works on them.
    """
    late = Assignment.objects.filter(state__in=HOLDING, lease_expires_at__lte=at).order_by("lease_expires_at")
    return sum(_expire(assignment_id=pk, at=at) for pk in late.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _expire(*, assignment_id: int, at: datetime) -> bool:
    late = Assignment.objects.select_for_update(of=("self", "task"), skip_locked=True).select_related(
        "task__queue"
    )
    assignment = late.filter(pk=assignment_id, state__in=HOLDING, lease_expires_at__lte=at).first()
    if assignment is None:
        return False  # answered, kept on, or being answered at this moment
    if assignment.state == AssignmentState.DRAFT:
        move(assignment, to=AssignmentState.SUBMITTED, at=at, data={"why": "reopened, then left"})
    else:
        move(assignment, to=AssignmentState.EXPIRED, at=at, data={"why": "lease ran out"}, closed_at=at)
    return True
