"""What no view, form or operation needs to look for: text and JSON that nothing of ours can hold."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from apps.core.errors import BadInput, DomainError

NUL = "\0"
DEEPEST = 100
"""Lists in lists that are still read; deeper ones would exhaust the stack of whoever walks them."""


class NotJson(DomainError):
    code = "parse_error"
    status = 400


class OddText(BadInput):
    """PostgreSQL stores no NUL, and half a surrogate pair cannot be written as UTF-8."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} holds a character that is no text: NUL (U+0000) or half of a surrogate pair. "
            "Take it out and send it again."
        )


def check_address(request: HttpRequest) -> None:
    """Refuse a path or query with NUL; keys in paths are quoted twice, so it is looked for twice."""
    if NUL in unquote(request.path_info) or NUL in unquote(request.META.get("QUERY_STRING", "")):
        raise OddText("The address")


def check_form(request: HttpRequest) -> None:
    """Refuse a form with NUL in a field, naming it."""
    for name, values in request.POST.lists():
        if NUL in name or any(NUL in value for value in values):
            raise OddText(f"The field {name.replace(NUL, '␀')!r}")


def check_json(value: Any) -> None:
    """Refuse what JSON can say and we cannot keep: odd text, numbers past what a float holds, endless nesting."""
    waiting = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > DEEPEST:
            raise TooDeep
        if isinstance(part, str):
            _check_text(part)
        elif isinstance(part, float) and not math.isfinite(part):
            raise BadInput("A number in the JSON is NaN or infinite. Send null, or leave it out.")
        elif isinstance(part, dict):
            waiting += [(inner, depth + 1) for pair in part.items() for inner in pair]
        elif isinstance(part, list):
            waiting += [(inner, depth + 1) for inner in part]


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise OddText("The JSON") from error
    if NUL in text:
        raise OddText("The JSON")


class TooDeep(BadInput):
    def __init__(self) -> None:
        super().__init__(f"The JSON is nested more than {DEEPEST} deep. Send it flatter.")


def read_json(text: str) -> Any:
    """The JSON in a form's field; raises `BadInput` with the place where it is not right."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"Line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})."
        ) from error
    except (RecursionError, ValueError) as error:  # ValueError: a whole number of thousands of digits
        raise TooDeep if isinstance(error, RecursionError) else BadInput(f"{error}.") from error
    check_json(value)
    return value


class StrictJson(JSONParser):
    """The only parser of the API."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise TooDeep from error
        except ParseError as error:
            what = str(error.detail).removeprefix("JSON parse error - ")
            raise NotJson(f"The body is not JSON: {what}. Send one JSON object in UTF-8.") from error
        check_json(value)
        return value
