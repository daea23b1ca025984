"""The questions of a card as the page asks them, with what has been answered so far."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from apps.annotation.domain import CAUSES
from apps.annotation.models import Condition
from apps.projects.domain import is_asked
from apps.projects.domain.fields import pieces
from apps.projects.domain.kinds import EQUAL

ONE, LIST, JSON = "answers.", "list.", "json."
"""How an answer stands in the form: one text, one text per choice, or as JSON."""

PREFIXES = {"multi_choice": LIST, **dict.fromkeys(("spans", "ranking", "pairwise", "steps"), JSON)}
MANY = 10  # past so many, a choice is found by typing
CONFIDENCE = {"1": "Guess", "2": "Unsure", "3": "Fairly sure", "4": "Certain"}
CONDITIONS = {
    Condition.CLEAR: "Clear",
    Condition.AMBIGUOUS: "Ambiguous",
    Condition.OUT_OF_SCOPE: "Out of scope",
    Condition.UNUSABLE: "Unusable",
}


@dataclass(frozen=True)
class Choice:
    """One thing to press: its value, its words, its key while the question is current."""

    value: str
    title: str
    key: str
    checked: bool = False

    @property
    def path(self) -> str:
        """What stands before the last `/` of a hierarchical label."""
        return self.title.rpartition("/")[0]

    @property
    def leaf(self) -> str:
        return self.title.rpartition("/")[2]


@dataclass(frozen=True)
class Question:
    """One question as the page asks it; `always` is asked whatever the condition.

    `field` is the field it is about, `text` that field's text or what has been written, `parts` that field's
    pieces, `given` the answer so far as JSON, `weight` a criterion's.
    """

    name: str
    kind: str
    title: str
    required: bool
    choices: tuple[Choice, ...] = ()
    text: str = ""
    always: bool = False
    field: str = ""
    parts: tuple[str, ...] = ()
    given: str = ""
    weight: float = 0.0

    @property
    def template(self) -> str:
        return f"annotation/questions/{self.kind}.html"

    @property
    def multiple(self) -> bool:
        return self.kind == "multi_choice"

    @property
    def many(self) -> bool:
        return len(self.choices) > MANY

    @property
    def layout(self) -> str:
        """Tiles for short names, a scale for points with words under them, else a list."""
        longest = max((len(choice.title) for choice in self.choices), default=0)
        if self.kind == "rating":
            return "scale" if longest <= 24 and len(self.choices) <= 5 else "list"
        if longest <= 3:
            return "tiles"
        return "row" if len(self.choices) <= 4 and longest <= 14 else "list"


def questions_of(
    protocol: dict[str, Any], answers: dict[str, Any], *, content: dict[str, Any], mirrored: bool = False
) -> list[Question]:
    """What the protocol asks of this payload's body; `mirrored` puts the second of a pair left."""
    return [
        _question(question, answers.get(question["name"]), content, mirrored=mirrored)
        for question in protocol["questions"]
        if is_asked(question, content)
    ]


def fields_of(
    protocol: dict[str, Any], answers: dict[str, Any], *, content: dict[str, Any]
) -> list[tuple[str, str]]:
    """An answer as the form holds it, in pairs of name and value; a text nobody mended stands as it was shown."""
    return [
        (PREFIXES.get(question["kind"], ONE) + question["name"], value)
        for question in protocol["questions"]
        if is_asked(question, content)
        for value in _values(question, answers.get(question["name"]), content)
    ]


def _values(question: dict[str, Any], answer: Any, content: dict[str, Any]) -> list[str]:
    kind = question["kind"]
    if answer is None:
        return [str(content[question["field"]])] if kind == "correction" else []
    if kind == "pairwise":
        left, _ = pair_of(question, mirrored=False)  # as it stands before a lead
        return [json.dumps({"preferred": answer["preferred"], "left": left})]
    if PREFIXES.get(kind) == JSON:
        return [json.dumps(answer)]
    return list(answer) if kind == "multi_choice" else [str(answer)]


def _question(question: dict[str, Any], answer: Any, content: dict[str, Any], *, mirrored: bool) -> Question:
    kind = question["kind"]
    shown = content.get(question.get("field", ""))
    text = shown if kind in ("spans", "correction") and isinstance(shown, str) else ""
    if isinstance(answer, str) and kind in ("text", "correction"):
        text = answer
    return Question(
        name=PREFIXES.get(kind, ONE) + question["name"],
        kind=kind,
        title=question["title"],
        required=question["required"],
        choices=_choices(question, answer, mirrored=mirrored),
        text=text,
        field=question.get("field", ""),
        parts=tuple(pieces(shown)) if kind in ("ranking", "steps") else (),
        given=json.dumps(answer) if answer is not None and PREFIXES.get(kind) == JSON else "",
        weight=question["criterion"]["weight"] if kind == "rating" else 0.0,
    )


def _choices(question: dict[str, Any], answer: Any, *, mirrored: bool) -> tuple[Choice, ...]:
    if question["kind"] == "rating":
        anchors = question["criterion"]["anchors"].items()
        given = "" if answer is None else str(answer)
        return tuple(Choice(p, text, p if len(p) == 1 else "", p == given) for p, text in anchors)
    if question["kind"] == "pairwise":
        return _sides(question, answer, mirrored=mirrored)
    chosen = answer if isinstance(answer, list) else [answer]
    return tuple(
        Choice(o["value"], o["title"], o["key"], o["value"] in chosen) for o in question.get("options", [])
    )


def pair_of(question: dict[str, Any], *, mirrored: bool) -> list[str]:
    """The two fields in the order they are shown, left first."""
    first, second = question["fields"]
    return [second, first] if mirrored else [first, second]


def _sides(question: dict[str, Any], answer: Any, *, mirrored: bool) -> tuple[Choice, ...]:
    left, right = pair_of(question, mirrored=mirrored)
    preferred = answer.get("preferred") if isinstance(answer, dict) else None
    sides = (("Left", left, "a"), ("Right", right, "b"), ("Equal", EQUAL, "e"))
    return tuple(
        Choice(json.dumps({"preferred": value, "left": left}), title, key, value == preferred)
        for title, value, key in sides
    )


def condition_question(given: str | None = None) -> Question:
    return _fixed("condition", "Condition", CONDITIONS, given or Condition.CLEAR, required=False)


def confidence_question(given: Any = None) -> Question:
    return _fixed("confidence", "How sure are you?", CONFIDENCE, given)


def cause_question() -> Question:
    """Why people differed, or why it was escalated, as the adjudicator sees it."""
    return _fixed("cause", "What was the cause?", CAUSES, None)


def _fixed(name: str, title: str, words: dict[Any, str], given: Any, *, required: bool = True) -> Question:
    chosen = str(given) if given is not None else None
    choices = tuple(
        Choice(str(value), text, str(place), str(value) == chosen)
        for place, (value, text) in enumerate(words.items(), start=1)
    )
    return Question(name, "choice", title, required, choices, always=True)
