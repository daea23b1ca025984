"""Tasks left unanswered for a reason: skipped, escalated, excluded; and what was excluded put back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.annotation.domain import MAX_NOTE, VERBS
from apps.annotation.errors import NotExcluded
from apps.annotation.models import Assignment, AssignmentState, Task, TaskState
from apps.annotation.services.disputes import lock_for_lead
from apps.annotation.services.leases import lock_own
from apps.annotation.services.notices import recount_disputes, recount_excluded, tell_leads, tell_of_excluded
from apps.core.errors import BadInput
from apps.core.moves import move
from apps.projects.models import Project


@transaction.atomic
def decline(
    *,
    assignment_id: int,
    person: User,
    project: Project | None = None,
    verb: str,
    reason: str,
    note: str = "",
    at: datetime,
) -> Assignment:
    """Leave a task unanswered: skip (not for me), escalate (for a lead) or exclude (not for anyone).

    Gold stays in the queue whatever one person says of it: it would be known by leaving, or by staying.
    """
    way = VERBS[verb]
    if reason not in way.reasons:
        raise BadInput(f"The reason is {reason!r}; choose one of {', '.join(way.reasons)}.", field="reason")
    assignment = lock_own(assignment_id=assignment_id, person=person, project=project)
    changes = {"reason": reason, "note": note[:MAX_NOTE], "closed_at": at}
    state = AssignmentState(way.state)
    move(assignment, to=state, at=at, actor=person, data={"reason": reason}, **changes)
    if way.leaves_queue and assignment.task.reason != Task.Reason.GOLD:
        _leave_queue(assignment.task, to=TaskState(way.state), by=person, reason=reason, at=at)
    return assignment


def _leave_queue(task: Task, *, to: TaskState, by: User, reason: str, at: datetime) -> None:
    """What others have decided meanwhile stands: then only one's own assignment says otherwise."""
    origin, project = task.state, task.queue.project
    if origin not in {TaskState.OPEN, TaskState.CONFLICT}:
        return
    move(task, to=to, at=at, actor=by, data={"reason": reason}, closed_at=at)
    if to == TaskState.ESCALATED:
        tell_leads(project=project, at=at)
        return
    tell_of_excluded(project=project, at=at)
    if origin == TaskState.CONFLICT:
        recount_disputes(project=project, at=at)


@transaction.atomic
def put_back(*, task_id: int, by: User, to: str, why: str = "", at: datetime) -> Task:
    """A lead asks people about an excluded task again (`open`), or takes it up themselves (`escalated`)."""
    task = lock_for_lead(task_id=task_id, by=by)
    if task.state != TaskState.EXCLUDED:
        raise NotExcluded(state=task.get_state_display())
    if to not in Task.MOVES[TaskState.EXCLUDED]:
        raise BadInput(f"It cannot be put back as {to[:40]!r}; choose open or escalated.", field="to")
    closed = None if to == TaskState.OPEN else at
    move(task, to=to, at=at, actor=by, data={"why": why.strip()[:MAX_NOTE]}, closed_at=closed)
    recount_excluded(project=task.queue.project, at=at)
    if to == TaskState.ESCALATED:
        tell_leads(project=task.queue.project, at=at)
    return task
