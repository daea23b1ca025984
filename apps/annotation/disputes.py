"""What adjudication shows: the answers side by side, without names until it is settled."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from string import ascii_uppercase
from typing import Any

from apps.accounts.models import User
from apps.annotation.domain import CAUSES, since_words
from apps.annotation.models import CLOSED, DISPUTED, MAY_BE_ASKED, Annotation, Assignment, Task, TaskState
from apps.annotation.queries.tasks import answers_on, claims_of, decisions_on, handed_on, leads_at, notes_on
from apps.annotation.questions import (
    Question,
    cause_question,
    condition_question,
    fields_of,
    questions_of,
)
from apps.annotation.readings import Reading, apart, readings_of, said
from apps.annotation.subjects import Subject, subject_of
from apps.projects.domain import CONDITIONS_WITHOUT_TARGET, label_of, rubric_score, target_of


@dataclass(frozen=True)
class Side:
    """One person's answer. `name` is empty while people are to stay unknown; `fields` is what a form takes over.

    `rubric_apart` is how far its rubric score lies from the mean of the others'.
    """

    letter: str
    name: str
    says: str
    readings: list[Reading]
    rubric: float | None
    rubric_apart: str
    fields: str
    condition: str
    confidence: str
    comment: str
    counted: bool


@dataclass(frozen=True)
class Waiting:
    """One line of what waits for a lead; `busy` says who else is at it, and since when."""

    task: Task
    busy: str


@dataclass(frozen=True)
class HandedOn:
    """Why somebody gave no answer. `name` is empty while people are to stay unknown."""

    state: str
    reason: str
    note: str
    name: str
    at: datetime | None


@dataclass(frozen=True)
class Decision:
    """One line of a task's history: what a lead did, and why."""

    at: datetime
    name: str
    did: str
    why: str


@dataclass(frozen=True)
class Dispute:
    """One task before a lead: what people said, and what is asked of the lead."""

    task: Task
    busy: str
    subject: Subject
    sides: list[Side]
    handed_on: list[HandedOn]
    history: list[Decision]
    questions: list[Question]
    is_own: bool

    @property
    def is_open(self) -> bool:
        return self.task.state in DISPUTED

    @property
    def is_for_this_lead(self) -> bool:
        return self.is_open and not self.is_own and not self.busy

    @property
    def is_excluded(self) -> bool:
        return self.task.state == TaskState.EXCLUDED

    @property
    def is_decided(self) -> bool:
        return self.task.state in CLOSED


@dataclass(frozen=True)
class Settled:
    """How a dispute ended: who said what, what a lead decided, and why people differed."""

    task: Task
    image: str
    decided: str
    cause: str
    by: User | None
    sides: list[Side]


def waiting(tasks: list[Task], *, person: User, at: datetime) -> list[Waiting]:
    """The disputes as this lead sees them in a list."""
    seats = leads_at(tasks=tasks, at=at)
    return [Waiting(task, _busy(seats.get(task.pk), person=person, at=at)) for task in tasks]


def _busy(seat: Assignment | None, *, person: User, at: datetime) -> str:
    """`Luis is at it since 3 min`; empty where nobody is, or only this person."""
    if seat is None or seat.person_id == person.pk:
        return ""
    return f"{seat.person.display_name} is at it {since_words(seat.leased_at, at=at)}"


def dispute_of(task: Task, *, person: User, at: datetime) -> Dispute:
    """The task as this lead may see it."""
    protocol = task.queue.protocol.body
    target = task.queue.protocol.target["name"]
    asked = [
        # a lead settles the target; the other criteria may be left out
        replace(one, required=one.required and one.name.endswith(f".{target}"))
        for one in questions_of(protocol, {}, content=task.payload.body or {})
    ]
    return Dispute(
        task=task,
        busy=_busy(leads_at(tasks=[task], at=at).get(task.pk), person=person, at=at),
        subject=subject_of(task, suggest=True),
        # who settles may also annotate, and could be given the task after reading what its answers are
        sides=[] if task.state in MAY_BE_ASKED else _sides(task, named=task.state in CLOSED),
        handed_on=handed_on_of(task),
        history=_history(task),
        questions=[*asked, cause_question(), condition_question()],
        is_own=claims_of(person=person).filter(task=task).exists(),
    )


def _history(task: Task) -> list[Decision]:
    notes = notes_on(task=task)
    return [
        Decision(
            at=event.at,
            name=event.actor.display_name if event.actor else "",
            did=_did(event.kind.removeprefix("task."), event.data),
            why=event.data.get("why") or notes.get(event.at, ""),
        )
        for event in decisions_on(task=task)
    ]


def _did(state: str, data: dict[str, Any]) -> str:
    if state == TaskState.SETTLED:
        words = f"as {data['label']}" if data["label"] is not None else "without a label"
        cause = CAUSES.get(data["cause"], data["cause"]).lower()
        return f"settled {words}, cause: {cause}"
    if state == TaskState.WITHDRAWN:
        return "withdrew it"
    return "put it back" if data["origin"] == TaskState.EXCLUDED else "reopened"


def handed_on_of(task: Task) -> list[HandedOn]:
    """Why people gave no answer; who said so is told where there is nothing to settle."""
    return [
        HandedOn(
            state=one.state,
            reason=one.reason_words,
            note=one.note,
            name=one.person.display_name if task.state in {TaskState.EXCLUDED, *CLOSED} else "",
            at=one.closed_at,
        )
        for one in handed_on(task=task)
    ]


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
    given = [one for one in answers_on(task=task) if one.assignment.kind == Assignment.Kind.ANNOTATE]
    # by label, so that the order does not tell who was first
    given.sort(key=lambda one: (str(label_of(protocol.body, one.answers)), one.pk))
    everybody = [one.answers for one in given]
    return [
        _side(one, letter, task, everybody=everybody, named=named)
        for one, letter in zip(given, ascii_uppercase, strict=False)
    ]


def _side(
    annotation: Annotation, letter: str, task: Task, *, everybody: list[dict[str, Any]], named: bool
) -> Side:
    protocol, content = task.queue.protocol.body, task.payload.body or {}
    others = [one for one in everybody if one is not annotation.answers]
    unused = annotation.condition in CONDITIONS_WITHOUT_TARGET
    return Side(
        letter=letter,
        name=annotation.assignment.person.display_name if named else "",
        says=annotation.get_condition_display()
        if unused
        else said(protocol, target_of(protocol), annotation.answers),
        readings=readings_of(protocol, annotation.answers, content=content, others=others),
        rubric=rubric_score(protocol, annotation.answers),
        rubric_apart=apart(
            rubric_score(protocol, annotation.answers),
            [rubric_score(protocol, one) for one in others],
            places=2,
        ),
        fields=json.dumps(
            [*fields_of(protocol, annotation.answers, content=content), ("condition", annotation.condition)]
        ),
        condition=annotation.get_condition_display(),
        confidence=f"{annotation.confidence} of 4" if annotation.confidence else "",
        comment=annotation.comment,
        counted=annotation.assignment.state != Assignment.State.SURPLUS,
    )
