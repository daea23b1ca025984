"""Options and their keys: choice, multi_choice, and the labels of spans."""

from __future__ import annotations

from typing import Any

from apps.accounts.domain import KEYS
from apps.core.errors import BadInput
from apps.projects.domain.checks import unique

DIGITS = "1234567890"
MOST_KEYS = 10  # past so many, labels are found by typing


def check_options(options: Any, where: str) -> list[dict[str, str]]:
    where = f"{where}.options"
    if not isinstance(options, list) or len(options) < 2:
        raise BadInput(f"{where} needs at least two options.", field=where)
    checked = [_option(option, f"{where}[{i}]") for i, option in enumerate(options)]
    unique([option["value"] for option in checked], [f"{where}[{i}].value" for i in range(len(checked))])
    _check_keys(checked, where)
    return _with_keys(checked)


def _option(option: Any, where: str) -> dict[str, str]:
    given = option if isinstance(option, dict) else {"value": option}
    value = "" if given.get("value") is None else str(given["value"])
    if not value or len(value) > 200:
        raise BadInput(f"{where} needs a value of 1 to 200 characters.", field=f"{where}.value")
    return {"value": value, "title": str(given.get("title") or value), "key": str(given.get("key") or "")}


def _check_keys(options: list[dict[str, str]], where: str) -> None:
    taken: set[str] = set()
    for place, option in enumerate(options):
        key, here = option["key"].lower(), f"{where}[{place}].key"
        if key and (len(key) != 1 or key.isspace() or not key.isprintable()):
            raise BadInput(f"{here}: {key!r} must be one character that can be typed.", field=here)
        if key in KEYS:
            raise BadInput(
                f"{here}: the key {key!r} would do two things; it is for “{KEYS[key]}”. Choose another.",
                field=here,
            )
        if key in taken:
            raise BadInput(
                f"{here}: the key {key!r} would do two things. Give each option its own.", field=here
            )
        taken |= {key} - {""}


def _with_keys(options: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each option's key: its own, else the digit it is, else its place or the first digit that is free.

    Past ten options none is given.
    """
    if len(options) > MOST_KEYS:
        return options
    own_digits = all(len(option["value"]) == 1 and option["value"].isdigit() for option in options)
    wanted = [option["value"] if own_digits else str(place % 10) for place, option in enumerate(options, 1)]
    taken = {option["key"].lower() for option in options}
    for option, digit in zip(options, wanted, strict=True):
        if not option["key"]:
            option["key"] = next((one for one in (digit, *DIGITS) if one not in taken), "")
            taken.add(option["key"])
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
