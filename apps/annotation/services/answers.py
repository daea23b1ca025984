"""What submitting does: drafts kept, answers counted once, late work kept, answers reopened."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.annotation.domain import needs_confidence
from apps.annotation.errors import AlreadyAnswered, CannotReopen, ChangedElsewhere
from apps.annotation.models import HOLDING, Annotation, Assignment, AssignmentState, Task, TaskState
from apps.annotation.services.consensus import close_when_full
from apps.annotation.services.leases import extend, lease_within, lock_own
from apps.core.errors import BadInput, IllegalMove
from apps.core.moves import move
from apps.projects.domain import check_answers, reads_content
from apps.projects.models import Project

MAX_DRAFT = 64_000
MAX_COMMENT = 4_000


@dataclass(frozen=True)
class Answer:
    """What a person sends: answers by question, the example's condition, and how they got there."""

    answers: dict[str, Any]
    condition: str = "clear"
    confidence: int | None = None
    comment: str = ""
    active_ms: int = 0
    revealed: bool = False
    request_key: str = field(default="")

    @property
    def worked_ms(self) -> int:
        """The active time as it is kept: an hour at most."""
        return max(0, min(self.active_ms, 3_600_000))


@transaction.atomic
def save_draft(
    *,
    assignment_id: int,
    person: User,
    project: Project | None = None,
    draft: dict[str, Any],
    based_on: str | None = None,
    at: datetime,
) -> Assignment:
    """Keep what has been typed so far and let the lease run on; on an expired lease the draft is kept all the same.

    `based_on` is the version that the writer has seen, empty for none: a newer one from elsewhere is not written over.
    """
    assignment = lock_own(assignment_id=assignment_id, person=person, project=project)
    if assignment.state not in {*HOLDING, AssignmentState.EXPIRED}:
        raise IllegalMove(assignment, assignment.state, "saved as a draft")
    keep_draft(assignment, draft=draft, based_on=based_on, at=at)
    return assignment


def keep_draft(assignment: Assignment, *, draft: dict[str, Any], based_on: str | None, at: datetime) -> None:
    """`save_draft` of an assignment that is locked."""
    if len(str(draft)) > MAX_DRAFT:
        raise BadInput(f"A draft holds at most {MAX_DRAFT} characters.", field="draft")
    if based_on is not None:
        _check_base(assignment, based_on=based_on, draft=draft)
    if assignment.state in HOLDING:
        extend(assignment, at=at, draft=draft, draft_saved_at=at)
    else:
        Assignment.objects.filter(pk=assignment.pk).update(draft=draft, draft_saved_at=at)
    assignment.draft, assignment.draft_saved_at = draft, at


def _check_base(assignment: Assignment, *, based_on: str, draft: dict[str, Any]) -> None:
    """What the same page has saved before, without hearing of it, is no other's work."""
    kept = assignment.draft
    if kept is None or based_on == assignment.draft_version:
        return
    if not draft.get("page") or draft["page"] != kept.get("page"):
        raise ChangedElsewhere(draft=kept, version=assignment.draft_version)


@transaction.atomic
def submit_annotation(
    *, assignment_id: int, person: User, project: Project | None = None, answer: Answer, at: datetime
) -> Annotation:
    """Keep the answer as the next immutable revision and count it, once however often it is sent.

    An answer that comes after its lease expired is counted when the task still has room, and kept as surplus
    when it has not.
    """
    return _submit(assignment_id=assignment_id, person=person, project=project, answer=answer, at=at)


def _submit(
    *, assignment_id: int, person: User, project: Project | None, answer: Answer, at: datetime
) -> Annotation:
    assignment = lock_own(assignment_id=assignment_id, person=person, project=project)
    if assignment.current_id or assignment.state not in HOLDING:
        sent_before = assignment.annotations.filter(request_key=answer.request_key).first()
        if sent_before is not None and _says_the_same(sent_before, answer):
            return sent_before
        if sent_before is not None or assignment.state == AssignmentState.SUBMITTED:
            raise AlreadyAnswered
    annotation = _annotation(assignment=assignment, answer=answer, at=at)
    to = _where_it_counts(assignment)
    # the trigger takes a slot for an answer whose lease had given it back
    free_slots = assignment.task.open_slots - (assignment.state == AssignmentState.EXPIRED)
    move(assignment, to=to, at=at, actor=person, current=annotation, closed_at=at, draft=None)
    if to == AssignmentState.SUBMITTED and free_slots == 0 and assignment.task.reason != Task.Reason.GOLD:
        close_when_full(task=assignment.task, at=at)
    return annotation


def _says_the_same(sent: Annotation, answer: Answer) -> bool:
    """Whether a key that has been seen brings what it brought then: an old page may bring something else."""
    answers = _checked(sent.assignment.task, sent.protocol.body, answer)
    given = (answers, answer.condition, answer.confidence, answer.comment[:MAX_COMMENT])
    return given == (sent.answers, sent.condition, sent.confidence, sent.comment)


def _where_it_counts(assignment: Assignment) -> AssignmentState:
    """Submitted while the task takes answers and has a slot for it, else surplus."""
    task = assignment.task
    if assignment.state == AssignmentState.DRAFT:
        revisable = task.state in {TaskState.OPEN, TaskState.AGREED, TaskState.CONFLICT}
        return AssignmentState.SUBMITTED if revisable else AssignmentState.SURPLUS
    has_slot = assignment.state == AssignmentState.LEASED or task.open_slots > 0
    return AssignmentState.SUBMITTED if task.state == TaskState.OPEN and has_slot else AssignmentState.SURPLUS


def _annotation(*, assignment: Assignment, answer: Answer, at: datetime) -> Annotation:
    """The answer, checked, as its next revision: saved by the move that makes it current."""
    task, protocol = assignment.task, assignment.task.queue.protocol
    answers = checked_answers(task, protocol.body, answer)
    if not 1 <= len(answer.request_key) <= 64:
        raise BadInput("Send an idempotency key of 1 to 64 characters.", field="Idempotency-Key")
    newest = assignment.annotations.order_by("-revision").values_list("revision", flat=True)
    return Annotation(
        assignment=assignment,
        revision=(newest.first() or 0) + 1 if assignment.current_id else 1,
        answers=answers,
        condition=answer.condition,
        confidence=answer.confidence,
        comment=answer.comment[:MAX_COMMENT],
        protocol=protocol,
        model_id=task.model_id,
        suggestion=task.prediction,
        revealed=assignment.revealed_as is not None or (answer.revealed and not assignment.is_blind),
        reveal=assignment.revealed_as,
        active_ms=answer.worked_ms,
        request_key=answer.request_key,
        at=at,
    )


def checked_answers(task: Task, protocol: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """The whole answer's `answers` as they will be kept; raises `BadInput` for what is missing or wrong in it."""
    answers = _checked(task, protocol, answer)
    _check_confidence(answer, asked=needs_confidence(protocol, reason=task.reason))
    return answers


def _checked(task: Task, protocol: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """The payload is fetched only where a question reads it."""
    content = task.payload.body if reads_content(protocol) else None
    return check_answers(protocol, answer.answers, condition=answer.condition, content=content)


def _check_confidence(answer: Answer, *, asked: bool) -> None:
    if answer.confidence is None:
        if asked:
            raise BadInput("Please say how sure you are, from 1 (guess) to 4 (certain).", field="confidence")
    elif answer.confidence not in (1, 2, 3, 4):
        raise BadInput("Confidence is one of 1, 2, 3, 4.", field="confidence")


@transaction.atomic
def submit_and_lease_next(
    *,
    assignment_id: int,
    person: User,
    project: Project | None = None,
    answer: Answer,
    showing: int = 0,
    at: datetime,
) -> tuple[Annotation, Assignment | None]:
    """Submit, and lease the next task of the same queue in the same transaction: the one after what is `showing`."""
    annotation = _submit(assignment_id=assignment_id, person=person, project=project, answer=answer, at=at)
    after, queue = showing or assignment_id, annotation.assignment.task.queue
    return annotation, lease_within(queue=queue, person=person, at=at, after=after, showing=showing)


@transaction.atomic
def reopen(*, assignment_id: int, person: User, project: Project | None = None, at: datetime) -> Assignment:
    """Take one's answer up again; the old one counts until the new one is submitted."""
    assignment = lock_own(assignment_id=assignment_id, person=person, project=project)
    if assignment.task.state in {
        TaskState.SETTLED,
        TaskState.ESCALATED,
        TaskState.EXCLUDED,
        TaskState.WITHDRAWN,
    }:
        raise CannotReopen(f"its task is {assignment.task.state}")
    current = assignment.current
    if current is None:
        raise CannotReopen("nothing was submitted")
    move(assignment, to=AssignmentState.DRAFT, at=at, actor=person, draft=current.as_draft, draft_saved_at=at)
    extend(assignment, at=at, leased_at=at)
    return assignment
