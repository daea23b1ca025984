"""What somebody has done, and what waits for them."""

from __future__ import annotations

from statistics import median
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.annotation.models import (
    HOLDING,
    Annotation,
    Assignment,
    AssignmentState,
    Queue,
)
from apps.annotation.queries.desk import free_for
from apps.core.errors import NotFound
from apps.projects.models import Project

DECIDED = (
    AssignmentState.SUBMITTED,
    AssignmentState.SKIPPED,
    AssignmentState.ESCALATED,
    AssignmentState.EXCLUDED,
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
    free = free_for(person).filter(queue=OuterRef("pk"))
    held = Assignment.objects.filter(
        task__queue=OuterRef("pk"), person=person, state__in=HOLDING, kind=Assignment.Kind.ANNOTATE
    )
    return project.queues.annotate(free=_number_of(free), held=_number_of(held)).order_by("-pk")


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    """How many rows a correlated subquery has, 0 for none."""
    counted = rows.order_by().values(one=Value(1)).annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted), 0)
