"""What the desk and adjudication show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.annotation.domain import Vote
from apps.annotation.models import (
    HOLDING,
    Annotation,
    Assignment,
    AssignmentState,
    Condition,
    Consensus,
    Queue,
    Task,
    TaskState,
)
from apps.core.compiled import CompiledQuery, Given
from apps.core.errors import NotFound
from apps.examples.models import Example, Split
from apps.projects.domain import label_of
from apps.projects.models import Project

CARD = CompiledQuery(
    lambda: Assignment.objects.select_related("task__example", "task__payload", "task__model").filter(
        pk=Given("pk")
    )
)
"""An assignment with what its card shows beside the queue and its protocol."""


@dataclass(frozen=True)
class Empty:
    """Why there is nothing to do, and when to look again (seconds; None when looking again will not help)."""

    code: str
    message: str
    retry_after: int | None = None


def active_queue(*, project: Project) -> Queue | None:
    """The queue of the protocol in force, else the newest: what older ones hold open is the lead's to withdraw."""
    queues = project.queues.select_related("protocol", "project")
    in_force = Case(When(protocol=project.protocol, then=0), default=1)
    return queues.order_by(in_force, "-pk").first()


def why_empty(*, queue: Queue | None, person: User, at: datetime) -> Empty:
    """The reason in words: paused, all done, all leased, or answered by you already."""
    if queue is None:
        return Empty(
            "no_queue", "Nothing has been mined yet. A lead starts a mining run from the round board.", 60
        )
    if queue.paused_at:
        return Empty("paused", "A lead has paused this queue. Your leases and drafts are kept.", 60)
    open_tasks = queue.tasks.filter(state=TaskState.OPEN).exclude(reason=Task.Reason.GOLD)
    seen = Exists(
        Assignment.objects.filter(task=OuterRef("pk"), person=person).exclude(state=AssignmentState.EXPIRED)
    )
    counts = open_tasks.annotate(seen=seen).aggregate(
        total=Count("pk"),
        yours=Count("pk", filter=Q(seen=True)),
        free=Count("pk", filter=Q(seen=False, open_slots__gt=0)),
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
    return _all_leased(queue=queue, person=person, n=counts["total"] - counts["yours"], at=at)


def _all_leased(*, queue: Queue, person: User, n: int, at: datetime) -> Empty:
    leased = Assignment.objects.filter(task__queue=queue, state__in=HOLDING)
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


def newest_assignment_id(*, queue: Queue, person: User) -> int:
    """The assignment this person took up last in the queue, 0 when there is none yet."""
    mine = Assignment.objects.filter(person=person, task__queue=queue).order_by("-pk")
    return mine.values_list("pk", flat=True).first() or 0


def own_assignment(*, assignment_id: int, person: User, project: Project | None = None) -> Assignment:
    """One's own assignment as it stands; raises `NotFound` for anybody else's, or one of another `project`."""
    found = (
        Assignment.objects.select_related(
            "task__example", "task__payload", "task__model", "task__queue__protocol", "current"
        )
        .filter(pk=assignment_id, person=person)
        .first()
    )
    if found is None or (project is not None and found.project_id != project.pk):
        raise NotFound("You hold no such assignment.")
    return found


DECIDED = (
    AssignmentState.SUBMITTED,
    AssignmentState.SKIPPED,
    AssignmentState.ESCALATED,
    AssignmentState.SURPLUS,
)


def decisions_of(*, person: User, project: Project, before: int | None = None) -> QuerySet[Assignment]:
    """What the person has decided at the desk, newest first; `before` goes on after that assignment."""
    shown = ("task__example", "task__payload", "task__queue__protocol", "current")
    mine = Assignment.objects.filter(person=person, kind=Assignment.Kind.ANNOTATE, state__in=DECIDED)
    rows = mine.select_related(*shown).filter(task__queue__project=project).order_by("-closed_at", "-pk")
    if before is None:
        return rows
    edge = mine.filter(pk=before).values_list("closed_at", flat=True).first()
    if edge is None:
        raise NotFound("This list ends here: the decision it should go on from is not among yours.")
    return rows.filter(Q(closed_at__lt=edge) | Q(closed_at=edge, pk__lt=before))


def last_decisions(*, queue: Queue, person: User, n: int = 10) -> QuerySet[Assignment]:
    """The person's latest closed assignments in this queue, newest first."""
    return decisions_of(person=person, project=queue.project).filter(task__queue=queue)[:n]


def tasks(*, project: Project, state: str = "", reason: str = "") -> QuerySet[Task]:
    """The project's tasks, newest first. Gold is not among them: it stays blind."""
    found = Task.objects.select_related("example", "queue", "consensus").filter(queue__project=project)
    found = found.exclude(reason=Task.Reason.GOLD)
    if state:
        found = found.filter(state=state)
    return found.filter(reason=reason) if reason else found


def disputed_tasks(*, project: Project) -> QuerySet[Task]:
    """What waits for a lead: conflicts and escalations, oldest first."""
    return (
        Task.objects.select_related("example", "payload", "queue__protocol", "model")
        .filter(queue__project=project, state__in=[TaskState.CONFLICT, TaskState.ESCALATED])
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


def next_dispute(*, person: User, project: Project, after: Task | None = None) -> Task | None:
    """The next dispute this person may settle: after `after`, else from the start again."""
    following = (
        disputed_after(person=person, project=project, task=after).filter(~_answered_by(person)).first()
    )
    if following is None and after is not None:
        return next_dispute(person=person, project=project)
    return following


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


def escalations_of(*, task: Task) -> QuerySet[Assignment]:
    """Why people handed the task to a lead."""
    return task.assignments.filter(state=AssignmentState.ESCALATED).order_by("pk")


def answers_on(*, task: Task) -> QuerySet[Annotation]:
    """Every current annotation on the task, counted or surplus; names are for whoever may see them."""
    return (
        Annotation.objects.select_related("assignment__person")
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


def work_of(*, person: User, project: Project) -> dict[str, Any]:
    """The person's answers, pace and skips in this project; `pace` is a median in seconds."""
    mine = Assignment.objects.filter(
        person=person, task__queue__project=project, kind=Assignment.Kind.ANNOTATE
    )
    counts = dict.fromkeys(AssignmentState.values, 0) | dict(
        mine.values_list("state").annotate(n=Count("pk"))
    )
    spent = list(
        Annotation.objects.filter(assignment__in=mine, active_ms__gt=0)
        .order_by("-pk")
        .values_list("active_ms", flat=True)[:200]
    )
    pace = median(spent) / 1000 if spent else None
    late = counts["surplus"]
    return {
        "counts": counts,
        "answered": counts["submitted"],
        "late_note": f"count; {late} more came too late" if late else "",
        "pace": pace,
        "pace_note": f"median of the last {len(spent)}",
    }


def queues_for(*, person: User, project: Project) -> QuerySet[Queue]:
    """The project's queues with what is open in them for this person, and what they hold or have reopened."""
    mine = Assignment.objects.filter(task=OuterRef("pk"), person=person).exclude(
        state=AssignmentState.EXPIRED
    )
    free = Task.objects.filter(queue=OuterRef("pk"), state=TaskState.OPEN, open_slots__gt=0)
    free = free.exclude(reason=Task.Reason.GOLD).filter(~Exists(mine))
    held = Assignment.objects.filter(task__queue=OuterRef("pk"), person=person, state__in=HOLDING)
    return project.queues.annotate(free=_number_of(free), held=_number_of(held)).order_by("-pk")


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    """How many rows a correlated subquery has, 0 for none."""
    counted = rows.order_by().values(one=Value(1)).annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted), 0)
