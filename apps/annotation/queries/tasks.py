"""Tasks with their answers: what is in dispute, what is believed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet

from apps.accounts.models import User
from apps.annotation.domain import Vote
from apps.annotation.models import (
    DISPUTED,
    HOLDING,
    Annotation,
    Assignment,
    AssignmentState,
    Condition,
    Consensus,
    Task,
    TaskState,
)
from apps.core.compiled import CompiledQuery, Given
from apps.core.errors import NotFound
from apps.core.models import Event
from apps.examples.models import Example, Split
from apps.projects.domain import label_of
from apps.projects.models import Project

STANDING = CompiledQuery(
    lambda: (
        Annotation.objects.select_related("assignment")
        .filter(
            pk=F("assignment__current"),
            assignment__task=Given("task"),
            assignment__kind=Assignment.Kind.ANNOTATE,
            assignment__state__in=[AssignmentState.SUBMITTED, AssignmentState.DRAFT],
        )
        .order_by("assignment_id")
    )
)


def standing_votes(*, task: Task) -> list[Vote]:
    """The answers that stand: one current annotation each, a reopened one as it was until it is sent again."""
    protocol = task.queue.protocol.body
    return [
        Vote(one.assignment.person_id, one.pk, label_of(protocol, one.answers), one.condition)
        for one in STANDING.rows(task=task.pk)
    ]


def tasks_of(*, project: Project, state: str = "", reason: str = "") -> QuerySet[Task]:
    """The project's tasks, newest first. Gold is not among them: it stays blind."""
    found = Task.objects.select_related("example", "queue", "consensus").filter(queue__project=project)
    found = found.exclude(reason=Task.Reason.GOLD)
    if state:
        found = found.filter(state=state)
    return found.filter(reason=reason) if reason else found


def task_in(*, project: Project, task_id: int) -> Task:
    """One task with all that settling it shows."""
    rows = Task.objects.select_related("example", "payload", "queue__protocol", "consensus__settled_by")
    found = rows.filter(queue__project=project, pk=task_id).exclude(reason=Task.Reason.GOLD).first()
    if found is None:
        raise NotFound("There is no such task in this project.")
    return found


def example_to_show(*, project: Project) -> Example | None:
    """An example to try a protocol on: one that people may be asked about, never a benchmark's."""
    examples = Example.objects.select_related("payload").filter(project=project, payload__body__isnull=False)
    return examples.exclude(split=Split.BENCHMARK).order_by("pk").first()


def handed_on(*, task: Task) -> QuerySet[Assignment]:
    """Who handed the task to a lead, or said that it is not for anyone, and why; names are for whoever may see them."""
    states = [AssignmentState.ESCALATED, AssignmentState.EXCLUDED]
    return task.assignments.select_related("person").filter(state__in=states).order_by("pk")


def decisions_on(*, task: Task) -> QuerySet[Event]:
    """What leads have decided about the task and taken back, oldest first."""
    events = Event.objects.select_related("actor").filter(object_type="task", object_id=str(task.pk))
    return events.filter(Q(kind=f"task.{TaskState.SETTLED}") | Q(data__has_key="why")).order_by("pk")


def notes_on(*, task: Task) -> dict[datetime, str]:
    """What leads have noted when they settled the task, by when."""
    given = Annotation.objects.filter(assignment__task=task, assignment__kind=Assignment.Kind.ADJUDICATE)
    return dict(given.values_list("at", "comment"))


def excluded_tasks(*, project: Project) -> QuerySet[Task]:
    """What is not for anyone until a lead puts it back, newest first, each with its `exclusions`."""
    said = Assignment.objects.select_related("person").filter(state=AssignmentState.EXCLUDED).order_by("pk")
    rows = Task.objects.select_related("example").filter(queue__project=project, state=TaskState.EXCLUDED)
    return rows.prefetch_related(Prefetch("assignments", said, to_attr="exclusions")).order_by(
        "-closed_at", "-pk"
    )


def excluded_among(*, examples: Iterable[Example]) -> set[int]:
    """Ids of the examples that somebody has excluded: they are asked about and taught to nobody."""
    tasks = Task.objects.filter(example__in=examples, state=TaskState.EXCLUDED)
    return set(tasks.values_list("example_id", flat=True))


def answers_on(*, task: Task) -> QuerySet[Annotation]:
    """Every current annotation on the task, counted or surplus; names are for whoever may see them."""
    return (
        Annotation.objects.select_related("assignment__person", "reveal")
        .filter(pk__in=task.assignments.filter(current__isnull=False).values("current"))
        .order_by("pk")
    )


def believed(*, project: Project) -> QuerySet[Consensus]:
    """The newest consensus of each example."""
    return (
        Consensus.objects.filter(
            example__project=project, task__state__in=[TaskState.AGREED, TaskState.SETTLED]
        )
        .order_by("example_id", "-at", "-pk")
        .distinct("example_id")
    )


def disputed_tasks(*, project: Project) -> QuerySet[Task]:
    """What waits for a lead: conflicts and escalations, oldest first."""
    return (
        Task.objects.select_related("example", "payload", "queue__protocol", "model")
        .filter(queue__project=project, state__in=DISPUTED)
        .order_by("closed_at", "pk")
    )


def disputed_for(*, person: User, project: Project) -> QuerySet[Task]:
    """The disputed tasks, each with `own`: whether this person has answered it and so may not settle it."""
    return disputed_tasks(project=project).annotate(own=_answered_by(person))


def claims_of(*, person: User) -> QuerySet[Assignment]:
    """What was on this person's desk, answered or not: they may not settle it."""
    return Assignment.objects.filter(person=person, kind=Assignment.Kind.ANNOTATE)


def _answered_by(person: User) -> Exists:
    return Exists(claims_of(person=person).filter(task=OuterRef("pk")))


REPAIR = ("guideline_unclear", "example_ambiguous", "rubric_gap")
"""Causes that speak of the protocol, not of the person."""


def to_repair(*, project: Project) -> QuerySet[Consensus]:
    """Examples that people found ambiguous, or differed on because of the protocol: they are taught to nobody."""
    ambiguous = Q(condition=Condition.AMBIGUOUS) | Q(cause__in=REPAIR)
    rows = Consensus.objects.select_related("example", "task", "settled_by")
    return rows.filter(ambiguous, example__project=project).order_by("-at", "-pk")


def disputed_after(*, person: User, project: Project, task: Task | None = None) -> QuerySet[Task]:
    """Disputed tasks that come after `task` in the order they are settled in."""
    rows = disputed_for(person=person, project=project)
    if task is None or task.closed_at is None:
        return rows
    return rows.filter(Q(closed_at__gt=task.closed_at) | Q(closed_at=task.closed_at, pk__gt=task.pk))


def next_dispute(*, person: User, project: Project, at: datetime, after: Task | None = None) -> Task | None:
    """The next dispute this person may settle and no other lead is at: after `after`, else from the start again."""
    others = seats_now(at=at).filter(task=OuterRef("pk")).exclude(person=person)
    rows = disputed_after(person=person, project=project, task=after).filter(~_answered_by(person))
    following = rows.filter(~Exists(others)).first()
    if following is None and after is not None:
        return next_dispute(person=person, project=project, at=at)
    return following


def seats_at(*, task: Task) -> QuerySet[Assignment]:
    """The lease by which a lead holds this dispute, run out or not; there is one at most."""
    return task.assignments.filter(kind=Assignment.Kind.ADJUDICATE, state__in=HOLDING)


def seats_now(*, at: datetime) -> QuerySet[Assignment]:
    """Every dispute that a lead is at."""
    seats = Assignment.objects.filter(kind=Assignment.Kind.ADJUDICATE, state__in=HOLDING)
    return seats.filter(lease_expires_at__gt=at)


def leads_at(*, tasks: Iterable[Task], at: datetime) -> dict[int, Assignment]:
    """By task, who is settling it."""
    seats = seats_now(at=at).filter(task__in=[task.pk for task in tasks]).select_related("person")
    return {seat.task_id: seat for seat in seats}
