"""The open tasks of a queue: some of them chosen, whom they are reserved for, and which can never be answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.db.models import Count, F, FloatField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Floor

from apps.annotation.domain import priority_range
from apps.annotation.models import Assignment, AssignmentState, Queue, Task, TaskState
from apps.core.errors import NotFound
from apps.projects.domain import EVERYBODY
from apps.projects.models import Group
from apps.projects.queries import able_people


@dataclass(frozen=True)
class Selection:
    """Some open tasks of a queue: all that is given must hold. `n` takes the first of them in the queue's order."""

    keys: tuple[str, ...] = ()
    reason: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    reserved_for: str = ""  # an address of projects.queries.audiences
    priority: str = ""  # of domain.PRIORITIES
    n: int | None = None

    @property
    def words(self) -> dict[str, object]:
        """What was given, for the event that tells of it."""
        given = {name: value for name, value in vars(self).items() if value}
        return {**given, "keys": len(self.keys)} if self.keys else given


def open_tasks(*, queue: Queue, selection: Selection | None = None) -> QuerySet[Task]:
    """The open tasks, or those selected, in the order of the queue. Gold is not among them: it stays blind."""
    asked = selection or Selection()
    found = queue.tasks.filter(_matches(asked), state=TaskState.OPEN).exclude(reason=Task.Reason.GOLD)
    return found.order_by("-priority", "pk")[: asked.n]


def _matches(asked: Selection) -> Q:
    matches = Q()
    if asked.keys:
        matches &= Q(example__key__in=asked.keys)
    if asked.reason:
        matches &= Q(reason=asked.reason)
    if asked.attributes:
        matches &= Q(example__attributes__contains=asked.attributes)
    if asked.reserved_for:
        matches &= _reserved_for(asked.reserved_for)
    if asked.priority:
        low, high = priority_range(asked.priority)
        matches &= Q(priority__gte=low, priority__lt=high)
    return matches


def _reserved_for(address: str) -> Q:
    kind, _, name = address.partition(":")
    if address == EVERYBODY:
        return Q(reserved_for=None)
    if kind == "person":
        return Q(reserved_for__person__username=name)
    return Q(reserved_for__name__iexact=name, reserved_for__person=None)


@dataclass(frozen=True)
class OpenPage:
    """Some of the selected tasks as they will be served; `next` is the last of them where there are more."""

    rows: list[Task]
    next: int | None


def open_page(*, queue: Queue, selection: Selection, after: int | None, size: int = 25) -> OpenPage:
    """The selected tasks that are served after the task `after`, or the first; raises `NotFound` for a strange one."""
    rows = open_tasks(queue=queue, selection=replace(selection, n=None))
    if after is not None:
        edge = queue.tasks.filter(pk=after).values_list("priority", flat=True).first()
        if edge is None:
            raise NotFound("This list ends here: the task it should go on from is not in this queue.")
        rows = rows.filter(Q(priority__lt=edge) | Q(priority=edge, pk__gt=after))
    found = list(rows.select_related("example", "reserved_for__person")[: size + 1])
    return OpenPage(found[:size], found[size - 1].pk if len(found) > size else None)


SAMPLE = 500  # tasks that are looked at for the attributes there are: all would take long


def attributes_in(*, queue: Queue) -> list[str]:
    """Attributes of the examples that are asked about first, as `name=value`."""
    found = open_tasks(queue=queue).values_list("example__attributes", flat=True)[:SAMPLE]
    return sorted({f"{name}={value}" for one in found for name, value in one.items()})


def unreachable(*, tasks: QuerySet[Task], people: list[int]) -> QuerySet[Task]:
    """Those of the open tasks that so many people cannot give all their answers: `lacking` says how many are left.

    Who has answered, skipped or escalated a task, or has it on the desk, is not served it again.
    """
    asked = Assignment.objects.filter(task=OuterRef("pk"), person__in=people)
    asked = asked.exclude(state=AssignmentState.EXPIRED).order_by()
    count = asked.values(one=Value(1)).annotate(n=Count("*")).values("n")
    left = Value(len(people)) - Coalesce(Subquery(count), 0)
    return tasks.annotate(left=left).filter(open_slots__gt=F("left"))


@dataclass(frozen=True)
class Reservation:
    """What of a queue is kept for one group: open tasks, people who may answer them, and tasks that lack people."""

    group: Group
    open: int
    people: int
    stuck: int


def reservations_in(*, queue: Queue) -> list[Reservation]:
    """Whom open tasks of the queue are reserved for, most tasks first."""
    waiting = open_tasks(queue=queue).exclude(reserved_for=None)
    counts = dict(waiting.order_by().values_list("reserved_for").annotate(n=Count("pk")))
    groups = Group.objects.select_related("person", "project").filter(pk__in=counts)
    found = []
    for group in groups:
        able = able_people(group=group)
        stuck = unreachable(tasks=waiting.filter(reserved_for=group), people=able).count()
        found.append(Reservation(group, counts[group.pk], len(able), stuck))
    return sorted(found, key=lambda one: (-one.open, str(one.group)))


def prioritised(level: int) -> CombinedExpression:
    """A task's priority at this level, its place among others of the level kept."""
    return Value(level, output_field=FloatField()) + F("priority") - Floor("priority")
