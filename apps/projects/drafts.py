"""A protocol that is being written: as its form and its JSON show it, with what is wrong at the very entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apps.core.errors import BadInput, DomainError
from apps.core.input import read_json
from apps.projects.domain import check_protocol
from apps.projects.domain.drafting import Body, change, entries_of, filled, read_form
from apps.projects.domain.kinds import KINDS
from apps.projects.domain.parts import Part
from apps.projects.queries import as_json

VIEWS = ("form", "json")
MOST_FILE = 2**20
NOUNS = {"fields": "Field", "questions": "Question", "options": "option", "anchors": "point"}


@dataclass(frozen=True)
class Problem:
    """Why the protocol cannot be put in force, and the place in it that says so."""

    place: str
    message: str

    @property
    def sentence(self) -> str:
        """The message without its place, which stands beside it."""
        said = re.sub(r"^(?:fields|questions)[\w.\[\]]*:? ", "", self.message)
        return said[:1].upper() + said[1:]

    @property
    def words(self) -> str:
        """The place as people count: `Question 3, option 2, key`."""
        found = [
            f"{NOUNS.get(word, word)} {int(number) + 1}" if number else "" if word in NOUNS else word
            for word, number in re.findall(r"(\w+)(?:\[(\d+)\])?", self.place)
        ]
        return (
            ", ".join(word for word in found if word not in ("", "body", "mapping", "from")) or "The protocol"
        )


@dataclass(frozen=True)
class Entry:
    """One field, option or point in the form: its place, its number as people count, what stands in it."""

    place: str
    number: int
    given: Body


@dataclass(frozen=True)
class PartShown:
    """A part of a question in the form: its place, what stands in it, and the fields it may name."""

    part: Part
    place: str
    value: Any
    fields: tuple[str, ...] = ()

    @property
    def template(self) -> str:
        return f"projects/parts/{self.part.control}.html"

    @property
    def takes(self) -> str:
        """The kinds of field it may name, for the page to follow fields as they change."""
        return " ".join(self.part.takes)

    @property
    def rows(self) -> list[Entry]:
        """Options, each with what it is called; a bare value is one without a title or key of its own."""
        values = self.value if isinstance(self.value, list) else []
        given = [one if isinstance(one, dict) else {"value": one} for one in values]
        return [Entry(f"{self.place}[{i}]", i + 1, one) for i, one in enumerate(given)]

    @property
    def named(self) -> list[Entry]:
        """The fields it names: one, or the two that it compares."""
        values = self.value if isinstance(self.value, list) else [self.value]
        return [
            Entry(f"{self.place}[{i}]", i + 1, {"name": values[i] if i < len(values) else ""})
            for i in range(2)
        ]

    @property
    def anchors(self) -> list[Entry]:
        """The points of a scale with their texts, lowest first."""
        held = self.value.get("anchors") if isinstance(self.value, dict) else {}
        points = held.items() if isinstance(held, dict) else []
        known = sorted((int(point), text) for point, text in points if str(point).isdecimal())
        return [Entry(f"{self.place}.anchors.{point}", point, {"text": text}) for point, text in known]

    @property
    def weight(self) -> Any:
        weight = self.value.get("weight", 1) if isinstance(self.value, dict) else 1
        return f"{weight:g}" if isinstance(weight, float) else weight


@dataclass(frozen=True)
class QuestionShown(Entry):
    """A question in the form, with the parts of its kind."""

    parts: tuple[PartShown, ...]
    votable: bool


@dataclass(frozen=True)
class Draft:
    """`body` is what has been written so far, `text` the JSON as it was typed where that cannot be read."""

    body: Body
    view: str = "form"
    text: str = ""
    problem: Problem | None = None
    focus: str = ""

    @property
    def json(self) -> str:
        return self.text or (as_json(self.body) if self.body else "")

    @property
    def fields(self) -> list[Entry]:
        known = entries_of(self.body, "fields")
        return [Entry(f"fields[{i}]", i + 1, one) for i, one in enumerate(known)]

    @property
    def questions(self) -> list[QuestionShown]:
        return [self._question(i, one) for i, one in enumerate(filled(self.body)["questions"])]

    def _question(self, place: int, given: Body) -> QuestionShown:
        where, kind = f"questions[{place}]", KINDS.get(str(given.get("kind")))
        parts = tuple(self._part(part, where, given) for part in kind.parts) if kind else ()
        return QuestionShown(where, place + 1, given, parts, kind is not None and kind.votable)

    def _part(self, part: Part, where: str, given: Body) -> PartShown:
        fields = tuple(str(f.given.get("name")) for f in self.fields if f.given.get("kind") in part.takes)
        return PartShown(part, f"{where}.{part.name}", given.get(part.name), fields)

    def checked(self) -> Body:
        """The protocol as it would be kept; raises `BadInput` at the place that is not right."""
        return check_protocol(read_json(self.text) if self.text else self.body)

    def refused(self, error: DomainError) -> Draft:
        return replace(self, problem=Problem(str(error.detail.get("field", "body")), error.message))


def read_draft(values: Mapping[str, Any]) -> Draft:
    """The draft a page sent, from whichever of its two views; JSON that cannot be read stays as it was typed."""
    if "body" not in values:
        return Draft(_tidy(read_form(list(values.items()))))
    return draft_of_text(str(values["body"]))


def draft_of_text(text: str) -> Draft:
    try:
        body = read_json(text) if text.strip() else {}
    except BadInput as error:
        return Draft({}, "json", text).refused(error)
    if not isinstance(body, dict):
        return Draft({}, "json", text, Problem("body", "A protocol is a JSON object in curly brackets."))
    return Draft(body, "json")


def act(draft: Draft, do: str, lines: Mapping[str, str]) -> Draft:
    """The draft after one press: `form` and `json` turn it over, the rest adds, removes or moves an entry."""
    what, _, place = do.partition(" ")
    if draft.text:
        return draft
    if what in VIEWS:
        return replace(draft, view=what, focus=f"view-{what}")
    body = filled(draft.body)
    return replace(draft, body=body, focus=change(body, what, place, lines.get(f"more:{place}", "")))


def opened(name: str, content: bytes) -> Draft:
    """A file that somebody chose or dropped, in the form where it can be read, else as its text.

    Raises `BadInput` for what is no text at all: the draft stays as it is.
    """
    if len(content) > MOST_FILE:
        raise BadInput(f"{name} is larger than 1 MiB. No protocol is.", field="file")
    try:
        draft = draft_of_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not a text in UTF-8. Choose a JSON file.", field="file") from error
    return draft if draft.problem else replace(draft, view="form")


def _tidy(body: Body) -> Body:
    """Without what was left empty in the form: the check fills in what that stands for."""
    for question in body["questions"]:
        if isinstance(question.get("options"), list):
            question["options"] = [_option(one) for one in question["options"]]
    return body


def _option(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    return {name: value for name, value in given.items() if value or name == "value"}
