"""What stands on a card: the subject, and the questions with what has been answered so far."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from apps.annotation.domain import CAUSES, ESCALATION_REASONS, SKIP_REASONS, needs_confidence
from apps.annotation.models import Assignment, AssignmentState, Condition, Task

PREFIX = "answers."
CONFIDENCE = {"1": "Guess", "2": "Unsure", "3": "Fairly sure", "4": "Certain"}
CONDITIONS = {
    Condition.CLEAR: "Clear",
    Condition.AMBIGUOUS: "Ambiguous",
    Condition.OUT_OF_SCOPE: "Out of scope",
    Condition.UNUSABLE: "Unusable",
}


@dataclass(frozen=True)
class Choice:
    """One thing to press: its value, its words, its key while the question is current."""

    value: str
    title: str
    key: str
    checked: bool = False


@dataclass(frozen=True)
class Question:
    """One question as the page asks it; `always` is asked whatever the condition."""

    name: str
    kind: str
    title: str
    required: bool
    choices: tuple[Choice, ...] = ()
    text: str = ""
    always: bool = False

    @property
    def layout(self) -> str:
        """Tiles for short names, a scale for points with words under them, else a list."""
        longest = max((len(choice.title) for choice in self.choices), default=0)
        if self.kind == "rating":
            return "scale" if longest <= 24 and len(self.choices) <= 5 else "list"
        if longest <= 3:
            return "tiles"
        return "row" if len(self.choices) <= 4 and longest <= 14 else "list"


@dataclass(frozen=True)
class Suggestion:
    """One class the model holds likely, with its probability."""

    label: str
    probability: float


@dataclass(frozen=True)
class Subject:
    """What is judged: the fields of the payload, the model's word on it, the label it came with."""

    key: str
    why: str
    fields: list[dict[str, Any]]
    given_label: str | None
    suggestions: list[Suggestion]

    @property
    def image(self) -> str:
        return next((str(one["value"]) for one in self.fields if one["kind"] == "image" and one["value"]), "")


@dataclass(frozen=True)
class Card:
    """One task on somebody's desk. Why it was mined stands in words only, so that gold looks like the rest."""

    skip_reasons: ClassVar[dict[str, str]] = SKIP_REASONS
    escalation_reasons: ClassVar[dict[str, str]] = ESCALATION_REASONS

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

    @property
    def reopened(self) -> bool:
        return self.assignment.state == AssignmentState.DRAFT


def card_of(assignment: Assignment, *, at: datetime) -> Card:
    """The card of an assignment, with its draft filled in. A new one each time: its key lets it count once."""
    task, draft = assignment.task, assignment.draft or {}
    protocol = task.queue.protocol.body
    asked = needs_confidence(protocol, reason=task.reason)
    return Card(
        assignment=assignment,
        questions=questions_of(protocol, draft.get("answers") or {}),
        confidence=_fixed("confidence", "How sure are you?", CONFIDENCE, draft.get("confidence"))
        if asked
        else None,
        condition=condition_question(draft.get("condition")),
        comment=str(draft.get("comment") or ""),
        active_ms=int(draft.get("active_ms") or 0),
        lease_seconds=task.queue.lease_seconds,
        seconds_left=max(0, int((assignment.lease_expires_at - at).total_seconds())),
        request_key=uuid.uuid4().hex,
        subject=subject_of(task, suggest=protocol["suggestion"] == "shown"),
    )


def subject_of(task: Task, *, suggest: bool) -> Subject:
    """What a task shows. Without `suggest` the model's word never leaves the server."""
    body = task.payload.body or {}
    fields = [{**one, "value": body.get(one["name"])} for one in task.queue.protocol.body["fields"]]
    top = task.prediction["top"] if suggest and task.prediction else []
    suggestions = [Suggestion(str(label), float(p)) for label, p in top]
    return Subject(task.example.key, task.why, fields, task.given_label, suggestions)


def questions_of(protocol: dict[str, Any], answers: dict[str, Any]) -> list[Question]:
    return [_question(question, answers.get(question["name"])) for question in protocol["questions"]]


def _question(question: dict[str, Any], answer: Any) -> Question:
    name, kind, given = PREFIX + question["name"], question["kind"], "" if answer is None else str(answer)
    choices: tuple[Choice, ...] = ()
    if kind == "choice":
        choices = tuple(
            Choice(o["value"], o["title"], o["key"], o["value"] == given) for o in question["options"]
        )
    if kind == "rating":
        anchors = question["criterion"]["anchors"].items()
        choices = tuple(
            Choice(point, text, point if len(point) == 1 else "", point == given) for point, text in anchors
        )
    return Question(name, kind, question["title"], question["required"], choices, given)


def condition_question(given: str | None = None) -> Question:
    return _fixed("condition", "Condition", CONDITIONS, given or Condition.CLEAR, required=False)


def cause_question() -> Question:
    """Why people differed, or why it was escalated, as the adjudicator sees it."""
    return _fixed("cause", "What was the cause?", CAUSES, None)


def _fixed(name: str, title: str, words: dict[Any, str], given: Any, *, required: bool = True) -> Question:
    chosen = str(given) if given is not None else None
    choices = tuple(
        Choice(str(value), text, str(place), str(value) == chosen)
        for place, (value, text) in enumerate(words.items(), start=1)
    )
    return Question(name, "choice", title, required, choices, always=True)


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
            assignment.current.answers.get(protocol.target["name"])
            or assignment.current.get_condition_display()
        )
    image = next((body.get(one["name"], "") for one in protocol.body["fields"] if one["kind"] == "image"), "")
    return Decision(assignment, said, image)
