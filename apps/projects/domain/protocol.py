"""The protocol's format: what may stand in it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain.checks import MAX_TEXT, entries, entry, name_of, one_of, title_of, unique
from apps.projects.domain.fields import check_field
from apps.projects.domain.kinds import KINDS

CONFIDENCE = ("gold_and_audit", "always")
SUGGESTION = {
    "shown": "what the model says is shown with the example",
    "blind_first": "the expert answers first; then they may reveal what the model says, and keep or change",
    "hidden": "what the model says is never shown",
}
"""What experts see of the model's word, by mode, in words."""


def protocol_digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_protocol(body: Any) -> dict[str, Any]:
    """The protocol as it will be kept; raises `BadInput` naming the place and the mend."""
    if not isinstance(body, dict):
        raise BadInput("A protocol is a JSON object with `fields` and `questions`.", field="body")
    fields = [check_field(field, f"fields[{i}]") for i, field in enumerate(entries(body, "fields"))]
    unique([field["name"] for field in fields], "fields")
    by_name = {field["name"]: field for field in fields}
    questions = [
        _check_question(question, f"questions[{i}]", by_name)
        for i, question in enumerate(entries(body, "questions"))
    ]
    unique([question["name"] for question in questions], "questions")
    _check_target(questions)
    return {
        "fields": fields,
        "questions": questions,
        "guidelines": str(body.get("guidelines") or "")[:MAX_TEXT],
        "confidence": one_of(body.get("confidence", "gold_and_audit"), CONFIDENCE, "confidence"),
        "suggestion": one_of(body.get("suggestion", "shown"), tuple(SUGGESTION), "suggestion"),
    }


def _check_question(given: Any, where: str, fields: dict[str, Any]) -> dict[str, Any]:
    question = entry(given, where)
    name = name_of(question, where)
    kind = one_of(question.get("kind"), tuple(KINDS), f"{where}.kind")
    return {
        "name": name,
        "kind": kind,
        "title": title_of(question, name, longest=200),
        "target": bool(question.get("target", False)),
        "required": bool(question.get("required", True)),
        **KINDS[kind].holds(question, where, fields),
    }


def _check_target(questions: list[dict[str, Any]]) -> None:
    targets = [question for question in questions if question["target"]]
    votable = [name for name, kind in KINDS.items() if kind.classes]
    if len(targets) != 1 or targets[0]["kind"] not in votable:
        kinds = ", ".join(f"`{name}`" for name in votable)
        raise BadInput(
            f"Exactly one question, of kind {kinds}, must be the target the model learns.", field="questions"
        )
    if not targets[0]["required"]:
        raise BadInput("The target must be required: without it nothing is learned.", field="questions")


def target_of(body: dict[str, Any]) -> dict[str, Any]:
    """The one question a recipe learns."""
    return next(question for question in body["questions"] if question["target"])


def classes_of(body: dict[str, Any]) -> list[str]:
    """The labels the target can take, in the protocol's order."""
    target = target_of(body)
    classes = KINDS[target["kind"]].classes
    assert classes is not None
    return classes(target)
