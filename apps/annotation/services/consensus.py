"""When a task closes and what is then believed: votes counted, conflicts settled by a lead."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.annotation.domain import CAUSES, MAX_NOTE, Verdict, count_votes
from apps.annotation.errors import NotDecided
from apps.annotation.models import CLOSED, Annotation, AssignmentState, Consensus, Task, TaskState
from apps.annotation.queries.tasks import standing_votes
from apps.annotation.services.disputes import clear, lock_dispute, lock_for_lead, seat
from apps.annotation.services.notices import recount_disputes, tell_leads
from apps.core.errors import BadInput
from apps.core.moves import move
from apps.projects.domain import check_answers, label_of


def close_when_full(*, task: Task, at: datetime) -> None:
    """Close the task once it has all its answers, or count again when one was changed. The task is locked."""
    votes = standing_votes(task=task)
    if len(votes) < task.overlap:
        return
    verdict, before = count_votes(votes), task.state
    to = TaskState.AGREED if verdict.agreed else TaskState.CONFLICT
    if task.state != to:
        move(task, to=to, at=at, closed_at=at)
    if verdict.agreed:
        _believe(
            task=task, verdict=verdict, sources=[vote.annotation_id for vote in votes], method="vote", at=at
        )
    elif before == TaskState.AGREED:
        Consensus.objects.filter(task=task).delete()
    if task.state == before:
        return
    if task.state == TaskState.CONFLICT:
        tell_leads(project=task.queue.project, at=at)
    elif before == TaskState.CONFLICT:
        recount_disputes(project=task.queue.project, at=at)


def _believe(
    *, task: Task, verdict: Verdict, sources: list[int], method: str, at: datetime, **settled: object
) -> Consensus:
    values = {
        "example_id": task.example_id,
        "label": verdict.label,
        "condition": verdict.condition,
        "posterior": verdict.posterior,
        "method": method,
        "sources": sources,
        "at": at,
        **settled,
    }
    consensus = Consensus(task=task, **values)
    fields = [name.removesuffix("_id") for name in values]
    return Consensus.objects.bulk_create(
        [consensus], update_conflicts=True, unique_fields=["task"], update_fields=fields
    )[0]


@transaction.atomic
def adjudicate(
    *,
    task_id: int,
    by: User,
    answers: dict[str, object],
    condition: str,
    cause: str,
    note: str = "",
    at: datetime,
) -> Consensus:
    """Settle a conflict or an escalation. Does not count toward overlap; nobody settles a task they answered.

    Raises `BeingSettled` while another lead is at it.
    """
    task = lock_dispute(task_id=task_id, by=by)
    clear(task=task, by=by, at=at)
    if cause not in CAUSES:
        raise BadInput(f"The cause is {cause!r}; choose one of {', '.join(CAUSES)}.", field="cause")
    annotation = _settle(task=task, by=by, answers=answers, condition=condition, note=note, at=at)
    label = label_of(task.queue.protocol.body, annotation.answers)
    posterior = {str(label): 1.0} if label is not None else {f"({condition})": 1.0}
    sources = [vote.annotation_id for vote in standing_votes(task=task)] + [annotation.pk]
    move(task, to=TaskState.SETTLED, at=at, actor=by, data={"cause": cause, "label": label}, closed_at=at)
    recount_disputes(project=task.queue.project, at=at)
    verdict = Verdict(True, label, condition, posterior)
    return _believe(
        task=task,
        verdict=verdict,
        sources=sources,
        method="adjudicated",
        at=at,
        cause=cause,
        settled_by_id=by.pk,
    )


def _settle(
    *, task: Task, by: User, answers: dict[str, object], condition: str, note: str, at: datetime
) -> Annotation:
    protocol = task.queue.protocol
    target = protocol.target["name"]
    # a lead settles the target; criteria that nobody disputed may be left out
    optional = [
        {**question, "required": question["name"] == target} for question in protocol.body["questions"]
    ]
    checked = check_answers(
        {**protocol.body, "questions": optional}, answers, condition=condition, content=task.payload.body
    )
    assignment = seat(task=task, by=by, at=at)
    annotation = Annotation.objects.create(
        assignment=assignment,
        revision=assignment.annotations.count() + 1,
        answers=checked,
        condition=condition,
        comment=note[:4_000],
        protocol=protocol,
        model_id=task.model_id,
        suggestion=task.prediction,
        request_key=uuid.uuid4().hex,
        at=at,
    )
    move(assignment, to=AssignmentState.SUBMITTED, at=at, actor=by, current=annotation, closed_at=at)
    return annotation


@transaction.atomic
def reopen_task(*, task_id: int, by: User, why: str, at: datetime) -> Task:
    """Take a decision back: the task waits for a lead again. What was said and settled stays in its history."""
    task = lock_for_lead(task_id=task_id, by=by)
    if task.state not in CLOSED:
        raise NotDecided
    if not why.strip():
        raise BadInput("Say why it is reopened: it stands in the task's history.", field="why")
    move(task, to=TaskState.ESCALATED, at=at, actor=by, data={"why": why.strip()[:MAX_NOTE]}, closed_at=at)
    Consensus.objects.filter(task=task).delete()
    tell_leads(project=task.queue.project, at=at)
    return task
