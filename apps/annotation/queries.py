"""What the desk and adjudication show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from apps.accounts.models import User
from apps.annotation.models import (
    HOLDING,
    Annotation,
    Assignment,
    AssignmentState,
    Consensus,
    Queue,
    Task,
    TaskState,
)
from apps.core.errors import NotFound
from apps.projects.models import Project

CARD = ("task__queue__protocol", "task__example", "task__payload", "task__model", "person")
"""What a card shows, fetched with the assignment in one query."""


@dataclass(frozen=True)
class Empty:
    """Why there is nothing to do, and when to look again (seconds; None when looking again will not help)."""

    code: str
    message: str
    retry_after: int | None = None


def active_queue(*, project: Project) -> Queue | None:
    """The queue of the protocol in force, else the newest queue that still has open tasks."""
    return (
        project.queues.select_related("protocol", "project")
        .annotate(current=Count("pk", filter=Q(protocol=project.protocol)))
        .order_by("-current", "-pk")
        .first()
    )


def why_empty(*, queue: Queue | None, person: User, at: datetime) -> Empty:
    """The reason in words: paused, all done, all leased, or answered by you already."""
    if queue is None:
        return Empty(
            "no_queue", "Nothing has been mined yet. A lead starts a mining run from the round board.", 60
        )
    if queue.paused_at:
        return Empty("paused", "A lead has paused this queue. Your leases and drafts are kept.", 60)
    open_tasks = queue.tasks.filter(state=TaskState.OPEN).exclude(reason=Task.Reason.GOLD)
    mine = Exists(
        Assignment.objects.filter(task=OuterRef("pk"), person=person).exclude(state=AssignmentState.EXPIRED)
    )
    total, yours, free = (
        open_tasks.count(),
        open_tasks.filter(mine).count(),
        open_tasks.filter(~mine, open_slots__gt=0).count(),
    )
    if total == 0:
        return Empty(
            "all_done", "All done: every task of this queue has its answers. A lead takes it from here."
        )
    if free:
        return Empty("busy", "Others are taking the last tasks at this moment. Trying again shortly.", 1)
    if yours == total:
        return Empty(
            "answered_the_rest", f"You have answered all you can here; {total} wait for somebody else."
        )
    leased = Assignment.objects.filter(task__queue=queue, state__in=HOLDING)
    oldest = leased.exclude(person=person).aggregate(first=Min("lease_expires_at"))["first"]
    seconds = max(1, int((oldest - at).total_seconds())) if oldest else 30
    minutes = max(1, round(seconds / 60))
    message = f"{total - yours} tasks are leased to others; the first may come free in about {minutes} min."
    return Empty("all_leased", message, min(seconds, 60))


def held_assignment(*, queue: Queue, person: User, at: datetime) -> Assignment | None:
    """The person's oldest live lease in this queue, so that a reload shows the same task."""
    return (
        Assignment.objects.select_related(*CARD)
        .filter(person=person, state__in=HOLDING, lease_expires_at__gt=at, kind=Assignment.Kind.ANNOTATE)
        .filter(task__queue=queue)
        .order_by("leased_at", "pk")
        .first()
    )


def own_assignment(*, assignment_id: int, person: User) -> Assignment:
    found = (
        Assignment.objects.select_related(*CARD, "current").filter(pk=assignment_id, person=person).first()
    )
    if found is None:
        raise NotFound("You hold no such assignment.")
    return found


def last_decisions(*, queue: Queue, person: User, n: int = 10) -> QuerySet[Assignment]:
    """The person's latest closed assignments, newest first."""
    done = (
        AssignmentState.SUBMITTED,
        AssignmentState.SKIPPED,
        AssignmentState.ESCALATED,
        AssignmentState.SURPLUS,
    )
    return (
        Assignment.objects.select_related("task__example", "task__payload", "current", "task__queue")
        .filter(person=person, state__in=done, kind=Assignment.Kind.ANNOTATE, task__queue=queue)
        .order_by("-closed_at")[:n]
    )


def progress(*, queue: Queue) -> dict[str, int]:
    """Tasks of the queue by state, gold left out."""
    counts = queue.tasks.exclude(reason=Task.Reason.GOLD).values_list("state").annotate(n=Count("pk"))
    return dict.fromkeys(TaskState.values, 0) | dict(counts)


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
    """The person's answers, pace and skips in this project."""
    mine = Assignment.objects.filter(
        person=person, task__queue__project=project, kind=Assignment.Kind.ANNOTATE
    )
    counts = dict(mine.values_list("state").annotate(n=Count("pk")))
    spent = list(
        Annotation.objects.filter(assignment__in=mine, active_ms__gt=0)
        .order_by("-pk")
        .values_list("active_ms", flat=True)[:200]
    )
    median = sorted(spent)[len(spent) // 2] / 1000 if spent else None
    return {"counts": counts, "answered": counts.get("submitted", 0), "median_seconds": median}
