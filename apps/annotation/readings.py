"""An answer as people read it beside others: marks over the text, words taken out and put in, steps with verdicts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from statistics import fmean
from typing import Any

from apps.projects.domain import words_of
from apps.projects.domain.fields import pieces
from apps.projects.domain.options import title_of_option

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
HUES = 8


@dataclass(frozen=True)
class Run:
    """A stretch of text and what became of it: added, removed, or marked with a label's hue."""

    text: str
    change: str = ""
    hue: int | None = None
    label: str = ""


@dataclass(frozen=True)
class Mark:
    """What somebody marked in a text, and as what."""

    label: str
    text: str
    hue: int


@dataclass(frozen=True)
class Reading:
    """One answer: in words, or as `runs` of a text with its `marks`, or as `lines` of text and note.

    It `differs` from the others'; a point on a scale is so far `apart` from their mean.
    """

    title: str
    words: str
    runs: tuple[Run, ...] = ()
    marks: tuple[Mark, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    differs: bool = False
    apart: str = ""


def readings_of(
    protocol: dict[str, Any],
    answers: dict[str, Any],
    *,
    content: dict[str, Any],
    others: list[dict[str, Any]],
) -> list[Reading]:
    """What was answered besides the target, each told apart from what `others` answered to the same."""
    asked = [question for question in protocol["questions"] if not question["target"]]
    return [
        replace(
            _reading(protocol, question, answers, content),
            differs=_differs(question, answers, others),
            apart=_points_apart(question, answers, others),
        )
        for question in asked
        if words_of(question, answers)
    ]


def _differs(question: dict[str, Any], answers: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    name = question["name"]
    return any(
        name in other and _bare(question, other[name]) != _bare(question, answers[name]) for other in others
    )


def _bare(question: dict[str, Any], answer: Any) -> Any:
    """The answer without the circumstances kept with it: which side stood left is no opinion."""
    return answer["preferred"] if question["kind"] == "pairwise" else answer


def _points_apart(question: dict[str, Any], answers: dict[str, Any], others: list[dict[str, Any]]) -> str:
    name = question["name"]
    return apart(answers[name], [other.get(name) for other in others]) if question["kind"] == "rating" else ""


def apart(own: float | None, others: list[float | None], *, places: int = 1) -> str:
    """How far a number lies from the mean of the others, signed; empty where it does not, or there is none."""
    given = [other for other in others if other is not None]
    if own is None or not given:
        return ""
    words = f"{own - fmean(given):+.{places}f}".removesuffix(".0")
    return "" if float(words) == 0 else words.replace("-", "−")


def said(protocol: dict[str, Any], question: dict[str, Any], answers: dict[str, Any]) -> str:
    """The answer in words; a side of a comparison by the title of its field."""
    words = words_of(question, answers)
    if question["kind"] != "pairwise" or not words:
        return words
    titles = {field["name"]: field["title"] for field in protocol["fields"]}
    return titles.get(answers[question["name"]]["preferred"]) or words


def _reading(
    protocol: dict[str, Any], question: dict[str, Any], answers: dict[str, Any], content: dict[str, Any]
) -> Reading:
    reading = Reading(question["title"], said(protocol, question, answers))
    shape = SHAPES.get(question["kind"])
    shown = content.get(question.get("field", ""))
    return shape(reading, question, answers[question["name"]], shown) if shape and shown else reading


def _marked(reading: Reading, question: dict[str, Any], spans: list[dict[str, Any]], text: str) -> Reading:
    values = [option["value"] for option in question["options"]]
    edges = sorted({0, len(text), *(edge for span in spans for edge in (span["start"], span["end"]))})
    runs = []
    for start, end in pairwise(edges):
        over = [span["label"] for span in spans if span["start"] <= start < span["end"]]
        label = ", ".join(title_of_option(question, one) for one in over)
        runs.append(Run(text[start:end], hue=values.index(over[-1]) % HUES if over else None, label=label))
    marks = tuple(_mark(question, span, text, values) for span in spans)
    return replace(reading, runs=tuple(runs), marks=marks)


def _mark(question: dict[str, Any], span: dict[str, Any], text: str, values: list[str]) -> Mark:
    label = title_of_option(question, span["label"])
    return Mark(label, text[span["start"] : span["end"]], values.index(span["label"]) % HUES)


def _corrected(reading: Reading, question: dict[str, Any], after: str, before: str) -> Reading:
    return replace(reading, runs=difference(before, after))


def difference(before: str, after: str) -> tuple[Run, ...]:
    """What was taken out and put in, word by word."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    runs: list[Run] = []
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            runs.append(Run("".join(old[a:b])))
            continue
        runs += [Run("".join(old[a:b]), "removed")] if b > a else []
        runs += [Run("".join(new[c:d]), "added")] if d > c else []
    return tuple(runs)


def _ordered(reading: Reading, question: dict[str, Any], places: list[int], shown: Any) -> Reading:
    items = pieces(shown)
    return replace(reading, lines=tuple((items[place], "") for place in places))


def _stepped(reading: Reading, question: dict[str, Any], answer: dict[str, Any], shown: Any) -> Reading:
    rewrites = answer["rewrites"]
    lines = [
        (f"{step} → {rewrites[str(place)]}" if str(place) in rewrites else step, verdict or "not judged")
        for place, (step, verdict) in enumerate(zip(pieces(shown), answer["verdicts"], strict=True))
    ]
    return replace(reading, lines=tuple(lines))


SHAPES: dict[str, Callable[[Reading, dict[str, Any], Any, Any], Reading]] = {
    "spans": _marked,
    "correction": _corrected,
    "ranking": _ordered,
    "steps": _stepped,
}
