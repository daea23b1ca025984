"""A POST of the desk or of adjudication, read as what the services take."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from apps.annotation.models import Condition
from apps.annotation.queries.changes import Said
from apps.annotation.questions import JSON, LIST, ONE
from apps.annotation.services.answers import Answer
from apps.core.errors import BadInput, DomainError
from apps.core.input import read_json

BECOMES = "becomes."


def answers_from(data: QueryDict) -> dict[str, Any]:
    """The answers a form has sent, by question; what was left empty is not among them."""
    given: dict[str, Any] = {}
    for name in data:
        if name.startswith(LIST):
            given[name.removeprefix(LIST)] = [value for value in data.getlist(name) if value != ""]
        elif name.startswith(JSON) and data[name]:
            given[name.removeprefix(JSON)] = read_json(str(data[name]))
        elif name.startswith(ONE) and data[name]:
            given[name.removeprefix(ONE)] = _text(data, name)
    return given


def _text(data: QueryDict, name: str) -> str:
    """What was written, its lines ending as they do everywhere but on the way of a form (HTML, 4.10.21)."""
    return str(data.get(name, "")).replace("\r\n", "\n")


def answer_from(data: QueryDict) -> Answer:
    """A POST of the desk's form as an `Answer`."""
    return Answer(
        answers=answers_from(data),
        condition=data.get("condition", Condition.CLEAR),
        confidence=_whole(data, "confidence"),
        comment=_text(data, "comment"),
        active_ms=_whole(data, "active_ms") or 0,
        revealed=data.get("revealed") == "1",
        request_key=data.get("request_key", ""),
    )


def draft_from(data: QueryDict) -> dict[str, Any]:
    """A POST of the desk's form as the draft that brings it back."""
    return {
        "answers": answers_from(data),
        "condition": data.get("condition", Condition.CLEAR),
        "confidence": data.get("confidence") or None,
        "comment": _text(data, "comment"),
        "active_ms": _whole(data, "active_ms") or 0,
        "page": page_from(data),
    }


def page_from(data: QueryDict) -> str:
    """The page that writes, by the name it gave itself."""
    return str(data.get("page", ""))[:64]


def base_from(data: QueryDict) -> str | None:
    """The version of the draft that the page has seen, empty for none; None from a page that does not say."""
    return data.get("based_on")


def showing_from(data: QueryDict) -> int:
    """The assignment that the page shows already, 0 for none."""
    return _whole(data, "showing") or 0


def mapping_from(data: QueryDict) -> Said:
    """What a lead has said becomes of old answers, but for the values of a question just given another heir."""
    questions: dict[str, Any] = {}
    for name in data:
        if name.startswith(BECOMES):
            question = name.removeprefix(BECOMES)
            heir, was = data[name] or None, data.get(f"was.{question}") or None
            value = f"value.{question}."
            values = {
                key.removeprefix(value): data[key] or None
                for key in data
                if key.startswith(value) and heir == was
            }
            questions[question] = {"becomes": heir, "values": values}
    return Said(_whole(data, "against"), questions)


def _whole(data: QueryDict, name: str) -> int | None:
    text = data.get(name, "")
    if text == "":
        return None
    if not text.isdecimal() or len(text) > 18:
        raise BadInput(f"{name} must be a whole number, not {text[:40]!r}.", field=name)
    return int(text)


def size_from(data: QueryDict) -> int:
    """How many tasks a batch is to hold."""
    n = _whole(data, "n")
    if n is None:
        raise BadInput("Say how many tasks you want at once.", field="n")
    return n


def assignments_from(data: QueryDict) -> list[int]:
    """The assignments that a POST of the bulk page is about."""
    return [_id(text) for text in data.getlist("assignment")]


def batch_from(data: QueryDict) -> list[tuple[int, Answer | DomainError]]:
    """The answers of a batch. Each `row` is what the desk's form sends, url-encoded, with its `assignment`.

    A row that cannot be read as an answer is handed on as what is wrong with it, so that it stops no other.
    """
    return [_row(QueryDict(text)) for text in data.getlist("row")]


def _row(data: QueryDict) -> tuple[int, Answer | DomainError]:
    assignment_id = _id(data.get("assignment", ""))
    try:
        return assignment_id, answer_from(data)
    except BadInput as error:
        return assignment_id, error


def _id(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise BadInput("`assignment` names an assignment by its number.", field="assignment")
    return int(text)


def settlement_from(data: QueryDict) -> dict[str, Any]:
    """What a lead has decided, as `adjudicate` takes it."""
    return {
        "answers": answers_from(data),
        "condition": data.get("condition", Condition.CLEAR),
        "cause": data.get("cause", ""),
        "note": _text(data, "note"),
    }
