"""Options and their keys: choice, multi_choice, and the labels of spans."""

from __future__ import annotations

from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain.checks import unique

RESERVED_KEYS = set("srxudgc?/[]abe")
MOST_KEYS = 10  # past so many, labels are found by typing


def check_options(options: Any, where: str) -> list[dict[str, str]]:
    if not isinstance(options, list) or len(options) < 2:
        raise BadInput(f"{where}.options needs at least two options.", field=f"{where}.options")
    checked = [_option(option, where) for option in options]
    unique([option["value"] for option in checked], f"{where}.options")
    return _with_keys(checked, where)


def _option(option: Any, where: str) -> dict[str, str]:
    given = option if isinstance(option, dict) else {"value": option}
    value = "" if given.get("value") is None else str(given["value"])
    if not value or len(value) > 200:
        raise BadInput(
            f"{where}: each option needs a value of 1 to 200 characters.", field=f"{where}.options"
        )
    return {"value": value, "title": str(given.get("title") or value), "key": str(given.get("key") or "")}


def _with_keys(options: list[dict[str, str]], where: str) -> list[dict[str, str]]:
    """Each option's key: its own, else the digit it is, else its place; past ten options none is given."""
    own_digits = all(len(option["value"]) == 1 and option["value"].isdigit() for option in options)
    for place, option in enumerate(options, start=1):
        if not option["key"] and len(options) <= MOST_KEYS:
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


def option_of(question: dict[str, Any], value: Any) -> str:
    """One of the question's options, by value."""
    if not isinstance(value, str) or value not in [option["value"] for option in question["options"]]:
        raise BadInput(
            f"{value!r} is not one of the options of “{question['title']}”.", field=question["name"]
        )
    return value


def title_of_option(question: dict[str, Any], value: str) -> str:
    return next((one["title"] for one in question["options"] if one["value"] == value), str(value))
