"""What the desk shows: the card somebody holds, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, When

from apps.accounts.models import User
from apps.annotation.models import (
    HOLDING,
    Assignment,
    AssignmentState,
    Queue,
    Task,
    TaskState,
)
from apps.core.compiled import CompiledQuery, Given
from apps.core.errors import NotFound
from apps.projects.models import Group, Project

NAMED = 3  # groups that an empty queue names; the desk has room for no more

CARD = CompiledQuery(
    lambda: Assignment.objects.select_related(
        "task__example", "task__payload", "task__model", "reveal"
    ).filter(pk=Given("pk"))
)
"""An assignment with what its card shows beside the queue and its protocol."""

ACTIVE = CompiledQuery(
    lambda: (
        Queue.objects.select_related("protocol", "project")
        .filter(project=Given("project"))
        .order_by(Case(When(protocol=F("project__protocol"), then=0), default=1), "-pk")[:1]
    )
)
NEWEST = CompiledQuery(
    lambda: Assignment.objects.filter(person=Given("person"), task__queue=Given("queue")).order_by("-pk")[:1]
)


@dataclass(frozen=True)
class Empty:
    """Why there is nothing to do, and when to look again (seconds; None when looking again will not help)."""

    code: str
    message: str
    retry_after: int | None = None


def active_queue(*, project: Project) -> Queue | None:
    """The queue of the protocol in force, else the newest: what older ones hold open is the lead's to withdraw."""
    return ACTIVE.first(project=project.pk)


def why_empty(*, queue: Queue | None, person: User, at: datetime) -> Empty:
    """The reason in words: paused, all done, all leased, reserved for others, or answered by you already."""
    if queue is None:
        return Empty(
            "no_queue", "Nothing has been mined yet. A lead starts a mining run from the round board.", 60
        )
    if queue.paused_at:
        return Empty("paused", "A lead has paused this queue. Your leases and drafts are kept.", 60)
    open_tasks = queue.tasks.filter(state=TaskState.OPEN).exclude(reason=Task.Reason.GOLD)
    seen = _seen_by(person)
    free = Q(seen=False, open_slots__gt=0)
    counts = open_tasks.annotate(seen=seen).aggregate(
        total=Count("pk"),
        yours=Count("pk", filter=Q(seen=True)),
        free=Count("pk", filter=free & for_person(person)),
        reserved=Count("pk", filter=free & ~for_person(person)),
    )
    if counts["total"] == 0:
        return Empty(
            "all_done", "All done: every task of this queue has its answers. A lead takes it from here."
        )
    if counts["free"]:
        return Empty("busy", "Others are taking the last tasks at this moment. Trying again shortly.", 1)
    if counts["yours"] == counts["total"]:
        wait = _counted(counts["total"], "waits", "wait")
        return Empty("answered_the_rest", f"You have answered all you can here; {wait} for somebody else.")
    if counts["yours"] + counts["reserved"] == counts["total"]:
        return _all_reserved(open_tasks.annotate(seen=seen).filter(free & ~for_person(person)))
    leased = counts["total"] - counts["yours"] - counts["reserved"]
    return _all_leased(queue=queue, person=person, n=leased, at=at)


def for_person(person: User) -> Q:
    """Open tasks that may be served to this person: for everybody, or for a group of theirs."""
    own = Group.people.through.objects.filter(user=person).values("group")
    return Q(reserved_for=None) | Q(reserved_for__in=own)


def free_for(person: User) -> QuerySet[Task]:
    """Open tasks that this person could be given; gold does not count."""
    free = Task.objects.filter(for_person(person), state=TaskState.OPEN, open_slots__gt=0)
    return free.exclude(reason=Task.Reason.GOLD).filter(~_seen_by(person))


def _seen_by(person: User) -> Exists:
    mine = Assignment.objects.filter(task=OuterRef("pk"), person=person)
    return Exists(mine.exclude(state=AssignmentState.EXPIRED))


def _all_reserved(tasks: QuerySet[Task]) -> Empty:
    counts = tasks.order_by().values("reserved_for").annotate(n=Count("pk")).order_by("-n")[:NAMED]
    names = Group.objects.select_related("person").in_bulk([one["reserved_for"] for one in counts])
    whom = [f"{_counted(one['n'], 'waits', 'wait')} for {names[one['reserved_for']]}" for one in counts]
    return Empty("reserved", f"Nothing else is open for you: {', '.join(whom)}.", 60)


def _all_leased(*, queue: Queue, person: User, n: int, at: datetime) -> Empty:
    leased = Assignment.objects.filter(task__queue=queue, state__in=HOLDING, kind=Assignment.Kind.ANNOTATE)
    oldest = leased.exclude(person=person).aggregate(first=Min("lease_expires_at"))["first"]
    seconds = max(1, int((oldest - at).total_seconds())) if oldest else 30
    minutes = max(1, round(seconds / 60))
    message = f"{_counted(n, 'is', 'are')} leased to others; the first may come free in about {minutes} min."
    return Empty("all_leased", message, min(seconds, 60))


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} task {one}" if n == 1 else f"{n} tasks {many}"


def held_assignment(*, queue: Queue, person: User, at: datetime, showing: int = 0) -> Assignment | None:
    """The person's oldest live lease in this queue, so that a reload shows the same task; not what is `showing`."""
    held = Assignment.objects.filter(
        person=person, state__in=HOLDING, lease_expires_at__gt=at, kind=Assignment.Kind.ANNOTATE
    )
    # the id first: mostly there is none, and what a card shows takes the planner longer than the database
    held = held.filter(task__queue=queue).exclude(pk=showing)
    found = held.order_by("leased_at", "pk").values_list("pk", flat=True).first()
    return None if found is None else card_assignment(assignment_id=found, queue=queue, person=person)


def card_assignment(*, assignment_id: int, queue: Queue, person: User) -> Assignment:
    """An assignment of this person in this queue with all that its card shows."""
    (assignment,) = CARD.rows(pk=assignment_id)
    assignment.person, assignment.task.queue = person, queue
    return assignment


def newest_assignment_id(*, queue: Queue, person: User) -> int:
    """The assignment this person took up last in the queue, 0 when there is none yet."""
    newest = NEWEST.first(person=person.pk, queue=queue.pk)
    return newest.pk if newest else 0


def own_assignment(*, assignment_id: int, person: User, project: Project | None = None) -> Assignment:
    """One's own assignment as it stands; raises `NotFound` for anybody else's, or one of another `project`."""
    found = (
        Assignment.objects.select_related(
            "task__example", "task__payload", "task__model", "task__queue__protocol", "current", "reveal"
        )
        .filter(pk=assignment_id, person=person, kind=Assignment.Kind.ANNOTATE)
        .first()
    )
    if found is None or (project is not None and found.project_id != project.pk):
        raise NotFound("You hold no such assignment.")
    return found
