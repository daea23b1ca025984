"""Checks that every part of a protocol shares; each refusal names the place and the mend."""

from __future__ import annotations

from typing import Any

from apps.core.errors import BadInput

MAX_TEXT = 20_000


def entry(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where} must be an object.", field=where)
    return value


def entries(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list) or not value:
        raise BadInput(f"`{name}` must be a list with at least one entry.", field=name)
    return value


def one_of(value: Any, allowed: tuple[str, ...], where: str) -> str:
    if value not in allowed:
        raise BadInput(f"{where} is {value!r}; choose one of {', '.join(allowed)}.", field=where)
    return str(value)


def name_of(given: dict[str, Any], where: str) -> str:
    name = given.get("name")
    if name in (None, ""):
        raise BadInput(f"{where} needs a name: what its data is called, as in `text`.", field=f"{where}.name")
    if not isinstance(name, str) or not name.isidentifier() or len(name) > 40:
        raise BadInput(
            f"{where}.name must be a word of letters, digits and _, at most 40 long.", field=f"{where}.name"
        )
    return name


def title_of(given: dict[str, Any], name: str, *, longest: int) -> str:
    return str(given.get("title") or name.replace("_", " "))[:longest]


def unique(names: list[str], places: list[str]) -> None:
    """Raises at the first place whose name stands before it already."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise BadInput(f"{places[place]}: {name!r} stands twice. Give each its own.", field=places[place])


def text(value: Any, question: dict[str, Any], *, longest: int = MAX_TEXT) -> str:
    """A text that somebody wrote: of a bearable length, and of characters that are some."""
    if not isinstance(value, str) or len(value) > longest:
        raise BadInput(
            f"“{question['title']}” takes a text of at most {longest} characters.", field=question["name"]
        )
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadInput(
            f"“{question['title']}” holds a character that is none. Remove it.", field=question["name"]
        )
    return value
