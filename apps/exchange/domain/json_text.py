"""JSON read and written: quickly where nothing is odd about it, else by the standard library, which says what is."""

from __future__ import annotations

import json
from typing import Any

import orjson

from apps.exchange.domain.rows import BadRow

EXACT = 2.0**53  # beyond it a number may have been a whole one, which a float cannot hold


def parse(text: bytes | str, what: str, mend: str = "Write a JSON object.") -> Any:
    """The value, or a `BadRow` that tells what of `what` is no JSON."""
    try:
        value = orjson.loads(text)
        return _exactly(text) if _is_rounded(value) else value
    except orjson.JSONDecodeError:
        return _told(text, what, mend)


def _is_rounded(value: Any) -> bool:
    """Whether a number in it may have been read as a float that is only near it."""
    if isinstance(value, float):
        return abs(value) >= EXACT
    if isinstance(value, dict):
        return any(map(_is_rounded, value.values()))
    return isinstance(value, list) and any(map(_is_rounded, value))


def _exactly(text: bytes | str) -> Any:
    return json.loads(text if isinstance(text, str) else text.decode("utf-8-sig"))


def _told(text: bytes | str, what: str, mend: str) -> Any:
    try:
        return _exactly(text)
    except UnicodeDecodeError:
        return BadRow("", "bad_encoding", f"{what} is not UTF-8. Save the file as UTF-8.")
    except json.JSONDecodeError as error:
        fault = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        return BadRow("", "bad_json", f"{what} is not JSON: {fault}. {mend}")
    except RecursionError:
        return BadRow("", "too_deep", f"{what} is nested too deeply. Make it flatter.")
    except ValueError:
        return BadRow("", "bad_json", f"{what} holds a number too long to keep. Write it as a text.")


def parse_objects(row: dict[str, Any]) -> None:
    """Where a file has them as texts, payload and attributes are JSON."""
    for name in ("payload", "attributes"):
        if isinstance(row.get(name), str):
            row[name] = parse(row[name], f"`{name}`")
