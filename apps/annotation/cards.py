"""What stands on a card: the subject, and the questions with what has been answered so far."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from apps.annotation.domain import needs_confidence
from apps.annotation.models import Assignment, AssignmentState
from apps.annotation.questions import Question, condition_question, confidence_question, questions_of
from apps.annotation.subjects import Subject, subject_of
from apps.projects.domain import words_of


@dataclass(frozen=True)
class Card:
    """One task on somebody's desk. Why it was mined stands in words only, so that gold looks like the rest."""

    assignment: Assignment
    questions: list[Question]
    confidence: Question | None
    condition: Question
    comment: str
    active_ms: int
    lease_seconds: int
    seconds_left: int
    request_key: str
    subject: Subject
    first: str  # the target as it was answered before the model's word was revealed, in words; empty without

    @property
    def is_blind_first(self) -> bool:
        """Whether the model's word is still to be revealed."""
        mode = self.assignment.task.queue.protocol.body["suggestion"]
        return mode == "blind_first" and self.assignment.is_blind

    @property
    def reopened(self) -> bool:
        return self.assignment.state == AssignmentState.DRAFT

    @property
    def has_rubric(self) -> bool:
        """Whether there is a score to show: one criterion says it all by itself."""
        return sum(question.kind == "rating" for question in self.questions) > 1


def card_of(assignment: Assignment, *, at: datetime) -> Card:
    """The card of an assignment, with its draft filled in. A new one each time: its key lets it count once."""
    task, draft = assignment.task, assignment.draft or {}
    protocol = task.queue.protocol.body
    asked = needs_confidence(protocol, reason=task.reason)
    mirrored = is_mirrored(assignment)
    return Card(
        assignment=assignment,
        questions=questions_of(
            protocol, draft.get("answers") or {}, content=task.payload.body or {}, mirrored=mirrored
        ),
        confidence=confidence_question(draft.get("confidence")) if asked else None,
        condition=condition_question(draft.get("condition")),
        comment=str(draft.get("comment") or ""),
        active_ms=int(draft.get("active_ms") or 0),
        lease_seconds=task.queue.lease_seconds,
        seconds_left=max(0, int((assignment.lease_expires_at - at).total_seconds())),
        request_key=uuid.uuid4().hex,
        subject=subject_of(task, suggest=not assignment.is_blind, mirrored=mirrored),
        first=_first_answer(assignment),
    )


def _first_answer(assignment: Assignment) -> str:
    reveal = assignment.revealed_as
    return words_of(assignment.task.queue.protocol.target, reveal.answers) if reveal else ""


def is_mirrored(assignment: Assignment) -> bool:
    """Which side a pair's first field stands on: a fair draw by assignment, the same at every look."""
    draw = hashlib.blake2b(f"{assignment.pk}:{assignment.person_id}".encode(), digest_size=1).digest()[0]
    return draw % 2 == 1


@dataclass(frozen=True)
class Decision:
    """One past decision: what was decided, on what, and whether it can be reopened."""

    assignment: Assignment
    says: str
    image: str

    @property
    def reopenable(self) -> bool:
        return self.assignment.state == AssignmentState.SUBMITTED

    @property
    def seconds(self) -> float | None:
        """Active time of the answer that stands; None when it was not measured."""
        current = self.assignment.current
        return current.active_ms / 1000 if current and current.active_ms else None


def decision_of(assignment: Assignment) -> Decision:
    """A past decision in a word: the label given, or what was done instead."""
    protocol, body = assignment.task.queue.protocol, assignment.task.payload.body or {}
    said = assignment.state
    if assignment.current:
        said = (
            words_of(protocol.target, assignment.current.answers)
            or assignment.current.get_condition_display()
        )
    image = next((body.get(one["name"], "") for one in protocol.body["fields"] if one["kind"] == "image"), "")
    return Decision(assignment, said, image)
