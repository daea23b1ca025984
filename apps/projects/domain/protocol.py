"""The protocol's format: what may stand in it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain.checks import MAX_TEXT, entries, entry, name_of, one_of, title_of, unique
from apps.projects.domain.fields import check_field
from apps.projects.domain.kinds import KINDS, VOTABLE

CONFIDENCE = {"gold_and_audit": "On gold and audit tasks", "always": "On every task"}
SUGGESTION = {
    "shown": "The model's prediction is shown",
    "blind_first": "The expert answers first, then may reveal the prediction, and keeps the answer or changes it",
    "hidden": "The model's prediction is hidden",
}
"""What experts see of the model's word, by mode, in words."""


def protocol_digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_protocol(body: Any) -> dict[str, Any]:
    """The protocol as it will be kept; raises `BadInput` naming the place and the mend."""
    if not isinstance(body, dict):
        raise BadInput("A protocol is a JSON object with `fields` and `questions`.", field="body")
    fields = [check_field(field, f"fields[{i}]") for i, field in enumerate(entries(body, "fields"))]
    unique([field["name"] for field in fields], [f"fields[{i}].name" for i in range(len(fields))])
    by_name = {field["name"]: field for field in fields}
    questions = [
        _check_question(question, f"questions[{i}]", by_name)
        for i, question in enumerate(entries(body, "questions"))
    ]
    unique([one["name"] for one in questions], [f"questions[{i}].name" for i in range(len(questions))])
    _check_target(questions)
    return {
        "fields": fields,
        "questions": questions,
        "guidelines": str(body.get("guidelines") or "")[:MAX_TEXT],
        "confidence": one_of(body.get("confidence", "gold_and_audit"), tuple(CONFIDENCE), "confidence"),
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
    if len(targets) != 1 or targets[0]["kind"] not in VOTABLE:
        kinds = ", ".join(f"`{name}`" for name in VOTABLE)
        raise BadInput(
            f"Exactly one question, of kind {kinds}, must be the target the model learns.", field="target"
        )
    if not targets[0]["required"]:
        where = f"questions[{questions.index(targets[0])}].required"
        raise BadInput("The target must be required: without it nothing is learned.", field=where)


def target_of(body: dict[str, Any]) -> dict[str, Any]:
    """The one question a recipe learns."""
    return next(question for question in body["questions"] if question["target"])


def classes_of(body: dict[str, Any]) -> list[str]:
    """The labels the target can take, in the protocol's order."""
    return list(values_of(target_of(body)))


def values_of(question: dict[str, Any]) -> dict[str, str]:
    """What an answer to this question can name, with its words; nothing where it is written freely."""
    return KINDS[question["kind"]].values(question)
