"""Blind-first: the answer kept as it is, then what the model says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.annotation.errors import AlreadyAnswered, NothingToReveal
from apps.annotation.models import HOLDING, Assignment, AssignmentState, Reveal
from apps.annotation.services.answers import Answer, checked_answers, keep_draft
from apps.annotation.services.leases import lock_own
from apps.core.errors import BadInput, IllegalMove
from apps.core.events import record_event
from apps.projects.domain import CONDITIONS_WITHOUT_TARGET
from apps.projects.models import Project


@transaction.atomic
def reveal_suggestion(
    *,
    assignment_id: int,
    person: User,
    project: Project | None = None,
    answer: Answer,
    page: str = "",
    based_on: str | None = None,
    at: datetime,
) -> Reveal:
    """Keep the whole answer as it is before the model's word, for good, and let the word be seen.

    It is a draft as well, and as with drafts a newer one from elsewhere is not written over. Asked again, whatever
    is sent with it, the first stands and nothing is changed.
    """
    assignment = lock_own(assignment_id=assignment_id, person=person, project=project)
    if assignment.revealed_as is not None:
        return assignment.revealed_as
    _check_open(assignment)
    answers = _whole_answer(assignment, answer)
    keep_draft(assignment, draft=_draft(answer, answers, page=page), based_on=based_on, at=at)
    record_event(kind="assignment.revealed", row=assignment, at=at, actor=person)
    return Reveal.objects.create(
        assignment=assignment,
        answers=answers,
        condition=answer.condition,
        confidence=answer.confidence,
        model_id=assignment.task.model_id,
        suggestion=assignment.task.prediction,
        active_ms=answer.worked_ms,
        at=at,
    )


def _check_open(assignment: Assignment) -> None:
    mode = assignment.task.queue.protocol.body["suggestion"]
    if mode == "shown":
        raise NothingToReveal("this protocol shows what the model says from the start.")
    if mode == "hidden":
        raise NothingToReveal("this protocol never shows what the model says.")
    if assignment.task.prediction is None:
        raise NothingToReveal("no model has said anything of this example.")
    if assignment.state == AssignmentState.SUBMITTED:
        raise AlreadyAnswered
    if assignment.state not in {*HOLDING, AssignmentState.EXPIRED}:
        raise IllegalMove(assignment, assignment.state, "revealed")


def _whole_answer(assignment: Assignment, answer: Answer) -> dict[str, Any]:
    """The answers as they will be kept; all that is required is among them, the target in any case."""
    protocol = assignment.task.queue.protocol
    if answer.condition in CONDITIONS_WITHOUT_TARGET:
        raise BadInput(
            f"Answer “{protocol.target['title']}” first: the model's word can only be set beside an answer. What "
            "cannot be answered is submitted as it is.",
            field="condition",
        )
    return checked_answers(assignment.task, protocol.body, answer)


def _draft(answer: Answer, answers: dict[str, Any], *, page: str) -> dict[str, Any]:
    return {
        "answers": answers,
        "condition": answer.condition,
        "confidence": answer.confidence,
        "comment": answer.comment,
        "active_ms": answer.worked_ms,
        "page": page,
    }
