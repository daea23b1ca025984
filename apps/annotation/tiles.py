"""What a tile of the bulk page shows of its task, and what a draft has said of it already."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from apps.annotation.models import Assignment, Condition
from apps.annotation.questions import JSON, LIST, ONE, PREFIXES, Choice, questions_of
from apps.annotation.subjects import Field, Pair, Subject, Suggestion, subject_of

EXCERPT = 280


@dataclass(frozen=True)
class Tile:
    """One task among many. `rest` is what a draft holds beside label and condition: pairs, as the desk's form sends.

    Nothing on it tells gold from other tasks; how sure one is, is asked once for all that is sent.
    """

    assignment: Assignment
    subject: Subject
    text: str
    label: str
    condition: str
    rest: str
    request_key: str

    @property
    def said(self) -> Suggestion | None:
        return self.subject.suggestions[0] if self.subject.suggestions else None


@dataclass(frozen=True)
class Labels:
    """The one question that a batch answers: its name in the form, and what there is to choose."""

    name: str
    title: str
    choices: tuple[Choice, ...]
    many: bool


def labels_of(protocol: dict[str, Any]) -> Labels:
    """The target as the bulk page asks it."""
    target = next(question for question in protocol["questions"] if question["target"])
    (asked,) = questions_of({"questions": [target]}, {}, content={})
    return Labels(ONE + target["name"], asked.title, asked.choices, asked.many)


def tile_of(assignment: Assignment) -> Tile:
    """A new one each time: its key lets the answer count once."""
    task, draft = assignment.task, assignment.draft or {}
    protocol, answers = task.queue.protocol, draft.get("answers") or {}
    subject = subject_of(task, suggest=not assignment.is_blind)
    return Tile(
        assignment=assignment,
        subject=subject,
        text="" if subject.image else excerpt_of(subject.fields),
        label=str(answers.get(protocol.target["name"]) or ""),
        condition=str(draft.get("condition") or Condition.CLEAR),
        rest=json.dumps(_rest(protocol.body, draft)) if draft else "",
        request_key=uuid.uuid4().hex,
    )


def excerpt_of(fields: list[Field | Pair]) -> str:
    """The beginning of what is judged, in one run of words."""
    single = [
        one for field in fields for one in ([field.left, field.right] if isinstance(field, Pair) else [field])
    ]
    words = " · ".join(_words(field.value) for field in single if field.value is not None)
    words = " ".join(words.split()) or "Its content was purged."
    return words if len(words) <= EXCERPT else f"{words[:EXCERPT].rstrip()}…"


def _words(value: Any) -> str:
    """A field's value in the shape its template takes, as plain words."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        lines = value.get("lines") or [" ".join(map(str, row)) for row in value.get("rows", [])]
        return " · ".join(lines)
    return " · ".join(f"{turn['role']}: {turn['content']}" for turn in value)


def _rest(protocol: dict[str, Any], draft: dict[str, Any]) -> list[tuple[str, str]]:
    """Answers to optional questions and the comment, which were begun at the desk: they are sent as they stand."""
    answers, pairs = draft.get("answers") or {}, []
    for question in protocol["questions"]:
        answer = answers.get(question["name"])
        if question["target"] or answer in (None, ""):
            continue
        prefix = PREFIXES.get(question["kind"], ONE)
        values = answer if prefix == LIST else [json.dumps(answer) if prefix == JSON else str(answer)]
        pairs += [(prefix + question["name"], value) for value in values]
    return [*pairs, ("comment", str(draft["comment"]))] if draft.get("comment") else pairs
