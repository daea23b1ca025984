"""A protocol while it is written in the form: read from its fields, and changed entry by entry.

Every control of the form is called by its place in the protocol, as in `questions[2].options[1].key`: the places
that refusals name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from copy import deepcopy
from typing import Any

from apps.projects.domain.kinds import KINDS

Body = dict[str, Any]
PLACE = re.compile(r"(?:fields|questions|guidelines|confidence|suggestion)(?:\[\d{1,4}\]|\.\w{1,40}){0,6}")
STEP = re.compile(r"\[(\d+)\]|(\w+)")
ADDED: dict[str, Any] = {"fields": {"kind": "text"}, "questions": {"kind": "choice", "required": True}}


def read_form(values: Iterable[tuple[str, str]]) -> Body:
    """The protocol as the form's controls say it, checked by nobody yet."""
    given = dict(values)
    tree: dict[Any, Any] = {}
    for name, value in given.items():
        if PLACE.fullmatch(name):
            _put(tree, steps_of(name), value.replace("\r\n", "\n"))  # forms send CRLF
    body: Body = _lists(tree)
    body |= {name: entries_of(body, name) for name in ("fields", "questions")}
    for place, question in enumerate(body["questions"]):
        question["target"] = given.get("target") == str(place)
        question["required"] = "required" in question
        question["name"] = question.get("name") or name_from(question.get("title", ""))
        _read_weight(question)
    _follow_names(body)
    return body


def steps_of(place: str) -> list[str | int]:
    return [int(number) if number else word for number, word in STEP.findall(place)]


def name_from(title: str) -> str:
    """A name for the data, made of a title: `What is it?` is `what_is_it`."""
    words = re.sub(r"\W+", "_", title.casefold()).strip("_")[:40].strip("_")
    return f"q_{words}"[:40] if words[:1].isdigit() else words


def filled(body: Body) -> Body:
    """The protocol with room for what each question's kind still needs; what stands in it is left as it is."""
    questions = [{**_blank(one), **one} for one in entries_of(body, "questions")]
    return {**body, "fields": entries_of(body, "fields"), "questions": questions}


def entries_of(body: Body, name: str) -> list[Body]:
    """The objects of a list, whatever else was written where it should stand."""
    value = body.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def change(body: Body, do: str, place: str, lines: str = "") -> str:
    """Does `add`, `remove`, `up` or `down` at a place and says where one goes on; at a place there is none of, nothing.

    `lines` are options to add, one a line.
    """
    *way, last = steps_of(place) or [""]
    if do == "add":
        return _add(_at(body, [*way, last], make=True), place, lines)
    holder = _at(body, way)
    if isinstance(holder, dict) and do == "remove" and isinstance(last, str) and last.isdigit():
        return _remove_point(holder, last, place)
    if not isinstance(holder, list) or not isinstance(last, int) or not 0 <= last < len(holder):
        return place
    return _remove(holder, last, place) if do == "remove" else _move(holder, last, place, up=do == "up")


def _put(tree: dict[Any, Any], steps: list[str | int], value: str) -> None:
    for step in steps[:-1]:
        inner = tree.setdefault(step, {})
        tree = inner if isinstance(inner, dict) else {}
    tree[steps[-1]] = value


def _lists(tree: Any) -> Any:
    """Objects whose every key is a number from brackets are lists, in that order."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(isinstance(key, int) for key in tree):
        return [_lists(tree[key]) for key in sorted(tree)]
    return {str(key): _lists(value) for key, value in tree.items()}


def _read_weight(question: Body) -> None:
    criterion = question.get("criterion")
    if not isinstance(criterion, dict) or "weight" not in criterion:
        return
    with suppress(ValueError):  # else left as it was typed: the check refuses it at its place
        criterion["weight"] = float(criterion["weight"].replace(",", "."))


def _follow_names(body: Body) -> None:
    """Questions follow a field that was given another name: `was` is the one it had when the form was shown."""
    new = {one.pop("was", ""): one.get("name") for one in body["fields"]}
    for question in body["questions"]:
        if question.get("field") in new:
            question["field"] = new[question["field"]]
        if isinstance(question.get("fields"), list):
            question["fields"] = [new.get(name, name) for name in question["fields"]]


def _blank(question: Body) -> Body:
    kind = KINDS.get(str(question.get("kind")))
    return deepcopy({name: held for part in kind.parts for name, held in part.blank.items()}) if kind else {}


def _at(body: Any, steps: list[Any], *, make: bool = False) -> Any:
    for step in steps:
        if isinstance(body, dict) and (step in body or make):
            body = body.setdefault(step, {} if step == "anchors" else [])
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        else:
            return None
    return body


def _add(holder: Any, place: str, lines: str) -> str:
    if isinstance(holder, dict):  # anchors: the next point
        point = str(max((int(key) for key in holder if key.isdigit()), default=0) + 1)
        holder[point] = ""
        return f"{place}.{point}"
    if not isinstance(holder, list):
        return place
    values = [{"value": line.strip()} for line in lines.splitlines() if line.strip()]
    if values:
        holder[:] = [one for one in holder if not isinstance(one, dict) or any(one.values())]
    first = len(holder)
    holder += values or [dict(ADDED.get(place, {}))]
    if values:
        return f"more:{place}"
    return f"{place}[{first}].{'title' if place == 'questions' else 'name' if place == 'fields' else 'value'}"


def _remove(holder: list[Any], at: int, place: str) -> str:
    del holder[at]
    stem = place.rpartition("[")[0]
    return f"remove {stem}[{min(at, len(holder) - 1)}]" if holder else f"add {stem}"


def _remove_point(anchors: dict[str, Any], point: str, place: str) -> str:
    """The points above move down, so that none is left out."""
    points = sorted((one for one in anchors if one.isdigit()), key=int)
    texts = [anchors[one] for one in points if one != point]
    anchors.clear()
    anchors.update(dict(zip(points, texts, strict=False)))
    return f"add {place.rpartition('.')[0]}"


def _move(holder: list[Any], at: int, place: str, *, up: bool) -> str:
    to = at - 1 if up else at + 1
    if not 0 <= to < len(holder):
        return f"{'up' if up else 'down'} {place}"
    holder[at], holder[to] = holder[to], holder[at]
    return f"{'up' if up else 'down'} {place.rpartition('[')[0]}[{to}]"
