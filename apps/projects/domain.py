"""The protocol's format: what may stand in it, and what answers to it look like."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from apps.core.errors import BadInput

FIELD_KINDS = ("image", "text")
QUESTION_KINDS = ("choice", "rating", "text")
CONDITIONS = ("clear", "ambiguous", "out_of_scope", "unusable")
CONDITIONS_WITHOUT_TARGET = ("out_of_scope", "unusable")
RESERVED_KEYS = set("srxudgc?/[]abe")
MAX_TEXT = 20_000


def protocol_digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_protocol(body: Any) -> dict[str, Any]:
    """The protocol as it will be kept; raises `BadInput` naming the place and the mend."""
    if not isinstance(body, dict):
        raise BadInput("A protocol is a JSON object with `fields` and `questions`.", field="body")
    fields = [_check_field(field, f"fields[{i}]") for i, field in enumerate(_list(body, "fields"))]
    questions = [_check_question(q, f"questions[{i}]") for i, q in enumerate(_list(body, "questions"))]
    _unique([field["name"] for field in fields], "fields")
    _unique([question["name"] for question in questions], "questions")
    targets = [question for question in questions if question["target"]]
    if len(targets) != 1 or targets[0]["kind"] != "choice":
        raise BadInput(
            "Exactly one question, of kind `choice`, must be the target the model learns.", field="questions"
        )
    return {
        "fields": fields,
        "questions": questions,
        "guidelines": str(body.get("guidelines") or "")[:MAX_TEXT],
        "confidence": _one_of(
            body.get("confidence", "gold_and_audit"), ("always", "gold_and_audit"), "confidence"
        ),
        "suggestion": _one_of(body.get("suggestion", "shown"), ("shown", "hidden"), "suggestion"),
    }


def _list(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list) or not value:
        raise BadInput(f"`{name}` must be a list with at least one entry.", field=name)
    return value


def _one_of(value: Any, allowed: tuple[str, ...], where: str) -> str:
    if value not in allowed:
        raise BadInput(f"{where} is {value!r}; choose one of {', '.join(allowed)}.", field=where)
    return str(value)


def _name(entry: Any, where: str) -> str:
    if not isinstance(entry, dict):
        raise BadInput(f"{where} must be an object.", field=where)
    name = entry.get("name")
    if not isinstance(name, str) or not name.isidentifier() or len(name) > 40:
        raise BadInput(
            f"{where}.name must be a word of letters, digits and _, at most 40 long.", field=f"{where}.name"
        )
    return name


def _check_field(field: Any, where: str) -> dict[str, Any]:
    name = _name(field, where)
    kind = _one_of(field.get("kind"), FIELD_KINDS, f"{where}.kind")
    return {"name": name, "kind": kind, "title": str(field.get("title") or name.replace("_", " "))[:120]}


def _check_question(question: Any, where: str) -> dict[str, Any]:
    name = _name(question, where)
    kind = _one_of(question.get("kind"), QUESTION_KINDS, f"{where}.kind")
    checked: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "title": str(question.get("title") or name.replace("_", " "))[:200],
        "target": bool(question.get("target", False)),
        "required": bool(question.get("required", True)),
    }
    if kind == "choice":
        checked["options"] = _check_options(question.get("options"), where)
    if kind == "rating":
        checked["criterion"] = _check_criterion(question.get("criterion"), where)
    return checked


def _check_options(options: Any, where: str) -> list[dict[str, str]]:
    if not isinstance(options, list) or len(options) < 2:
        raise BadInput(f"{where}.options needs at least two options.", field=f"{where}.options")
    checked = []
    for option in options:
        entry = option if isinstance(option, dict) else {"value": option}
        value = "" if entry.get("value") is None else str(entry["value"])
        if not value or len(value) > 200:
            raise BadInput(
                f"{where}: each option needs a value of 1 to 200 characters.", field=f"{where}.options"
            )
        checked.append(
            {"value": value, "title": str(entry.get("title") or value), "key": str(entry.get("key") or "")}
        )
    _unique([option["value"] for option in checked], f"{where}.options")
    return _with_keys(checked, where)


def _with_keys(options: list[dict[str, str]], where: str) -> list[dict[str, str]]:
    """Each option's key: its own, else the digit it is, else its place; past ten options none is given."""
    own_digits = all(len(option["value"]) == 1 and option["value"].isdigit() for option in options)
    for place, option in enumerate(options, start=1):
        if not option["key"] and len(options) <= 10:
            option["key"] = option["value"] if own_digits else str(place % 10)
    keys = [option["key"].lower() for option in options if option["key"]]
    untyped = [key for key in keys if len(key) != 1 or key.isspace() or not key.isprintable()]
    if untyped:
        raise BadInput(
            f"{where}: the key {untyped[0]!r} must be one character that can be typed.", field=where
        )
    clash = sorted({key for key in keys if keys.count(key) > 1} | (set(keys) & RESERVED_KEYS))
    if clash:
        raise BadInput(
            f"{where}: the key {clash[0]!r} would do two things. Give each option its own.", field=where
        )
    return options


def _check_criterion(criterion: Any, where: str) -> dict[str, Any]:
    anchors = criterion.get("anchors") if isinstance(criterion, dict) else None
    if not isinstance(anchors, dict) or len(anchors) < 2:
        raise BadInput(
            f"{where}.criterion.anchors must give a text to each point.", field=f"{where}.criterion"
        )
    points = sorted(anchors, key=int) if all(str(point).isdecimal() for point in anchors) else None
    if points is None or [int(point) for point in points] != list(range(int(points[0]), int(points[-1]) + 1)):
        raise BadInput(
            f"{where}: the anchors' points must be whole numbers without gaps.", field=f"{where}.criterion"
        )
    texts = {str(point): str(anchors[point]) for point in points}
    weight = criterion.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1_000:
        raise BadInput(
            f"{where}.criterion.weight must be a number from 0 to 1,000.", field=f"{where}.criterion.weight"
        )
    return {"anchors": texts, "weight": float(weight)}


def _unique(names: list[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"{where}: {twice[0]!r} stands twice. Give each its own name.", field=where)


def check_answers(protocol: dict[str, Any], answers: Any, *, condition: str) -> dict[str, Any]:
    """The answers as they will be kept; raises `BadInput` naming the question and the mend."""
    if condition not in CONDITIONS:
        raise BadInput(
            f"The condition is {condition!r}; choose one of {', '.join(CONDITIONS)}.", field="condition"
        )
    if not isinstance(answers, dict):
        raise BadInput("`answers` must be an object of question names and answers.", field="answers")
    questions = {question["name"]: question for question in protocol["questions"]}
    unknown = sorted(set(answers) - set(questions))
    if unknown:
        raise BadInput(f"There is no question {unknown[0]!r} in this protocol.", field=unknown[0])
    if condition in CONDITIONS_WITHOUT_TARGET:
        return {}
    return {name: _check_answer(q, answers.get(name)) for name, q in questions.items() if _given(q, answers)}


def _given(question: dict[str, Any], answers: dict[str, Any]) -> bool:
    given = answers.get(question["name"]) not in (None, "")
    if question["required"] and not given:
        raise BadInput(f"Please answer “{question['title']}”.", field=question["name"])
    return given


def _check_answer(question: dict[str, Any], answer: Any) -> Any:
    name = question["name"]
    if question["kind"] == "choice":
        values = [option["value"] for option in question["options"]]
        if not isinstance(answer, str) or answer not in values:
            raise BadInput(f"{answer!r} is not one of the options of “{question['title']}”.", field=name)
        return answer
    if question["kind"] == "rating":
        if isinstance(answer, bool) or str(answer) not in question["criterion"]["anchors"]:
            points = ", ".join(question["criterion"]["anchors"])
            raise BadInput(f"“{question['title']}” takes one of {points}.", field=name)
        return int(answer)
    if not isinstance(answer, str) or len(answer) > MAX_TEXT:
        raise BadInput(f"“{question['title']}” takes a text of at most {MAX_TEXT} characters.", field=name)
    if "\x00" in answer or any("\ud800" <= letter <= "\udfff" for letter in answer):
        raise BadInput(f"“{question['title']}” holds a character that is none. Remove it.", field=name)
    return answer
