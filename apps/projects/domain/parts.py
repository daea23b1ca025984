"""What a question of some kinds holds beside its name and title. Kinds are put together of these.

A part knows how it is checked (`check`), which control the form gives it (`control`, a template of
`projects/parts/`), and which kinds of field it may name (`takes`): a new kind of question that holds known
parts needs no editor of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain.fields import PIECED, TEXTS, list_field, text_field
from apps.projects.domain.options import check_options

Fields = dict[str, dict[str, Any]]
Question = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """`check(question, where, fields)` gives the part as it will be kept; `blank` is what a new one begins with."""

    name: str
    control: str
    check: Callable[[Question, str, Fields], Question]
    takes: tuple[str, ...] = ()
    blank: dict[str, Any] = field(default_factory=dict)


def _options(question: Question, where: str, fields: Fields) -> Question:
    return {"options": check_options(question.get("options"), where)}


def _criterion(question: Question, where: str, fields: Fields) -> Question:
    criterion, where = question.get("criterion"), f"{where}.criterion"
    criterion = criterion if isinstance(criterion, dict) else {}
    weight = criterion.get("weight", 1)
    anchors = _anchors(criterion.get("anchors"), f"{where}.anchors")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1_000:
        raise BadInput(f"{where}.weight must be a number from 0 to 1,000.", field=f"{where}.weight")
    return {"criterion": {"anchors": anchors, "weight": float(weight)}}


def _anchors(anchors: Any, where: str) -> dict[str, str]:
    if not isinstance(anchors, dict) or len(anchors) < 2:
        raise BadInput(f"{where} must give a text to each of two points or more.", field=where)
    points = sorted(anchors, key=int) if all(str(point).isdecimal() for point in anchors) else None
    if points is None or [int(point) for point in points] != list(range(int(points[0]), int(points[-1]) + 1)):
        raise BadInput(f"{where}: the points must be whole numbers without gaps.", field=where)
    return {str(point): str(anchors[point]) for point in points}


def _one_text(question: Question, where: str, fields: Fields) -> Question:
    return {"field": text_field(question.get("field"), fields, f"{where}.field")}


def _pieces(question: Question, where: str, fields: Fields) -> Question:
    return {"field": list_field(question.get("field"), fields, f"{where}.field")}


def _pair(question: Question, where: str, fields: Fields) -> Question:
    names = question.get("fields")
    if not isinstance(names, list) or len(names) != 2 or names[0] == names[1]:
        raise BadInput(f"{where}.fields must name the two fields to compare.", field=f"{where}.fields")
    return {"fields": [text_field(name, fields, f"{where}.fields[{i}]") for i, name in enumerate(names)]}


OPTIONS = Part("options", "options", _options, blank={"options": [{}, {}]})
SCALE = {"anchors": {"1": "", "2": "", "3": ""}, "weight": 1.0}
CRITERION = Part("criterion", "criterion", _criterion, blank={"criterion": SCALE})
ONE_TEXT = Part("field", "field", _one_text, TEXTS)
PIECES = Part("field", "field", _pieces, PIECED)
PAIR = Part("fields", "pair", _pair, TEXTS)
