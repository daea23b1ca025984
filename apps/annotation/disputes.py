"""What adjudication shows: the answers side by side, without names until it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from apps.accounts.models import User
from apps.annotation.cards import (
    Question,
    Subject,
    cause_question,
    condition_question,
    questions_of,
    subject_of,
)
from apps.annotation.domain import CAUSES, ESCALATION_REASONS
from apps.annotation.models import Annotation, Assignment, Task, TaskState
from apps.annotation.queries import answers_on, escalations_of
from apps.projects.domain import CONDITIONS_WITHOUT_TARGET


@dataclass(frozen=True)
class Side:
    """One person's answer. `name` is empty while people are to stay unknown."""

    letter: str
    name: str
    says: str
    ratings: list[tuple[str, str]]
    condition: str
    confidence: str
    comment: str
    counted: bool


@dataclass(frozen=True)
class Dispute:
    """One task before a lead: what people said, and what is asked of the lead."""

    task: Task
    subject: Subject
    sides: list[Side]
    escalations: list[tuple[str, str]]
    questions: list[Question]
    is_own: bool

    @property
    def is_open(self) -> bool:
        return self.task.state in {TaskState.CONFLICT, TaskState.ESCALATED}


@dataclass(frozen=True)
class Settled:
    """How a dispute ended: who said what, what a lead decided, and why people differed."""

    task: Task
    image: str
    decided: str
    cause: str
    by: User | None
    sides: list[Side]


def dispute_of(task: Task, *, person: User) -> Dispute:
    """The task as this lead may see it."""
    protocol = task.queue.protocol.body
    asked = [
        # a lead settles the target; the other criteria may be left out
        Question(one.name, one.kind, one.title, one.required and question["target"], one.choices)
        for one, question in zip(questions_of(protocol, {}), protocol["questions"], strict=True)
    ]
    escalations = [
        (ESCALATION_REASONS.get(one.reason, one.reason), one.note) for one in escalations_of(task=task)
    ]
    return Dispute(
        task=task,
        subject=subject_of(task, suggest=True),
        # who settles may also annotate, and an open task may still be leased
        sides=[] if task.state == TaskState.OPEN else _sides(task, named=False),
        escalations=escalations,
        questions=[*asked, cause_question(), condition_question()],
        is_own=task.assignments.filter(person=person, kind=Assignment.Kind.ANNOTATE).exists(),
    )


def settled_of(task: Task | None) -> Settled | None:
    """How the task was settled, with names; None while it is not."""
    belief = getattr(task, "consensus", None)
    if task is None or belief is None or task.state != TaskState.SETTLED:
        return None
    decided = belief.label if belief.label is not None else belief.get_condition_display()
    cause = CAUSES.get(belief.cause, belief.cause)
    image = subject_of(task, suggest=False).image
    return Settled(task, image, decided, cause, belief.settled_by, _sides(task, named=True))


def _sides(task: Task, *, named: bool) -> list[Side]:
    protocol = task.queue.protocol
    target = protocol.target["name"]
    given = [one for one in answers_on(task=task) if one.assignment.kind == Assignment.Kind.ANNOTATE]
    # by label, so that the order does not tell who was first
    given.sort(key=lambda one: (str(one.answers.get(target)), one.pk))
    return [
        _side(one, letter, protocol.body, named=named)
        for one, letter in zip(given, ascii_uppercase, strict=False)
    ]


def _side(annotation: Annotation, letter: str, protocol: dict[str, Any], *, named: bool) -> Side:
    unused = annotation.condition in CONDITIONS_WITHOUT_TARGET
    words = {question["name"]: _words(question, annotation.answers) for question in protocol["questions"]}
    target = next(question["name"] for question in protocol["questions"] if question["target"])
    ratings = [
        (q["title"], words[q["name"]]) for q in protocol["questions"] if words[q["name"]] and not q["target"]
    ]
    return Side(
        letter=letter,
        name=annotation.assignment.person.display_name if named else "",
        says=annotation.get_condition_display() if unused else words[target],
        ratings=ratings,
        condition=annotation.get_condition_display(),
        confidence=f"{annotation.confidence} of 4" if annotation.confidence else "",
        comment=annotation.comment,
        counted=annotation.assignment.state != Assignment.State.SURPLUS,
    )


def _words(question: dict[str, Any], answers: dict[str, Any]) -> str:
    answer = answers.get(question["name"])
    if answer is None:
        return ""
    if question["kind"] == "choice":
        return next((o["title"] for o in question["options"] if o["value"] == answer), str(answer))
    if question["kind"] == "rating":
        return f"{answer} · {question['criterion']['anchors'].get(str(answer), '')}"
    return str(answer)
