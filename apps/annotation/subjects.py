"""What is judged, as the page shows it: the fields of the payload, the model's word on it, its given label."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from apps.annotation.domain import BLIND_WHY
from apps.annotation.models import Task
from apps.annotation.questions import pair_of
from apps.projects.domain import is_asked
from apps.projects.domain.answers import fields_of as fields_asked


@dataclass(frozen=True)
class Suggestion:
    """One class the model holds likely, with its probability."""

    label: str
    probability: float


@dataclass(frozen=True)
class Field:
    """One field with its value in the shape its template takes; `marked` texts are shown to the letter."""

    name: str
    kind: str
    title: str
    value: Any
    marked: bool = False

    @property
    def template(self) -> str:
        return f"annotation/fields/{'text' if self.marked else self.kind}.html"


@dataclass(frozen=True)
class Pair:
    """Two fields side by side, to be compared."""

    left: Field
    right: Field
    title: str = ""
    template: str = "annotation/fields/pair.html"
    value: bool = True  # each side says for itself what was purged


@dataclass(frozen=True)
class Subject:
    key: str
    why: str
    fields: list[Field | Pair]
    given_label: str | None
    suggestions: list[Suggestion]
    model: str

    @property
    def image(self) -> str:
        return (
            next((one.value for one in self.fields if isinstance(one, Field) and one.kind == "image"), "")
            or ""
        )


def subject_of(task: Task, *, suggest: bool, mirrored: bool = False) -> Subject:
    """What a task shows. Without `suggest` the model's word never leaves the server."""
    protocol, body = task.queue.protocol.body, task.payload.body or {}
    top = task.prediction["top"] if suggest and task.prediction else []
    return Subject(
        key=task.example.key,
        why=why_of(task, suggest=suggest),
        fields=fields_of(protocol, body, mirrored=mirrored),
        given_label=task.given_label,
        suggestions=[Suggestion(str(label), float(p)) for label, p in top],
        model=f"v{task.model.number}" if top and task.model else "",
    )


def why_of(task: Task, *, suggest: bool) -> str:
    """The reason in words. Without `suggest` one sentence stands for all that may name what the model says."""
    drawn = task.reason in {
        Task.Reason.AUDIT,
        Task.Reason.GOLD,
    }  # both say the same, and nothing of the model
    return task.why if suggest or drawn else BLIND_WHY


def fields_of(protocol: dict[str, Any], body: dict[str, Any], *, mirrored: bool) -> list[Field | Pair]:
    """The payload's fields in the protocol's order, those that are compared side by side."""
    questions = protocol["questions"]
    marked = {question["field"] for question in questions if question["kind"] == "spans"}
    pairs = {
        question["fields"][0]: question
        for question in questions
        if question["kind"] == "pairwise" and is_asked(question, body)
    }
    seconds = {question["fields"][1] for question in pairs.values()}
    shown = {
        one["name"]: Field(
            one["name"],
            one["kind"],
            one["title"],
            _shape(one["kind"], body.get(one["name"])),
            one["name"] in marked,
        )
        for one in protocol["fields"]
    }
    purged = not body
    return [
        _pair(shown, pairs[name], questions, mirrored=mirrored) if name in pairs else field
        for name, field in shown.items()
        # an example may lack a field that others of its project have
        if name not in seconds and (purged or field.value is not None)
    ]


def _pair(
    shown: dict[str, Field], question: dict[str, Any], questions: list[dict[str, Any]], *, mirrored: bool
) -> Pair:
    """Without the fields' titles, which would tell which is whose; unless another question is about one of them."""
    left, right = (shown[name] for name in pair_of(question, mirrored=mirrored))
    others = (about for other in questions if other is not question for about in fields_asked(other))
    if set(question["fields"]) & set(others):
        return Pair(left, right)
    return Pair(replace(left, title=""), replace(right, title=""))


def _shape(kind: str, value: Any) -> Any:
    """The value as its template takes it; what does not fit its kind is shown as it came."""
    if value is None:
        return None
    if kind == "chat" and isinstance(value, list):
        turns = [one if isinstance(one, dict) else {"content": one} for one in value]
        return [{"role": str(one.get("role", "")), "content": str(one.get("content", ""))} for one in turns]
    if kind == "table" and isinstance(value, list) and value:
        return _table(value)
    if kind == "json" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return {"lines": value}
    if kind in ("json", "chat", "table"):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return str(value)


def _table(rows: list[Any]) -> dict[str, Any]:
    """A head and rows, from a list of objects, or of lists whose first is the head."""
    if all(isinstance(row, dict) for row in rows):
        head = list(dict.fromkeys(name for row in rows for name in row))
        return {"head": head, "rows": [[_cell(row.get(name)) for name in head] for row in rows]}
    lists = [[_cell(one) for one in row] if isinstance(row, list) else [_cell(row)] for row in rows]
    return {"head": lists[0], "rows": lists[1:]}


def _cell(value: Any) -> str:
    """A text as it is, nothing as nothing, all else as JSON has it."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
