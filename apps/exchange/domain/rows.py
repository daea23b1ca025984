"""Rows of an import as they are kept, and what is wrong with those that cannot be."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

SPLITS = ("pool", "train", "benchmark")
KNOWN = {"key", "payload", "label", "split", "attributes", "licence"}
MAX_ROW = 8 * 2**20  # bytes of one row: a line of NDJSON, a row of CSV, a payload in any format
MAX_KEY, MAX_LABEL, MAX_LICENCE = 200, 200, 80
PLAIN = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # in canonical JSON; after an odd backslash it is only text


@dataclass(frozen=True)
class Problem:
    """One bad row: its number from 1, the field, a code to count by, and a sentence with the mend."""

    row: int
    field: str
    code: str
    message: str


class Row(NamedTuple):
    """One good row, ready for the database; `body` is the payload as canonical JSON."""

    number: int
    key: str
    digest: str
    body: str
    label: str | None
    split: str
    attributes: str
    licence: str


class BadRow(Exception):
    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


def too_long() -> BadRow:
    return BadRow("", "row_too_long", f"The row is longer than {MAX_ROW // 2**20} MiB. Split its payload.")


class UnreadableFile(Exception):
    """The file as a whole cannot be read, however often one tries."""


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same text for the same value.

    Raises `ValueError` (NaN, halves of surrogate pairs), `TypeError` (what JSON has no word for), `RecursionError`.
    """
    try:
        text = orjson.dumps(value, option=PLAIN).decode()
    except TypeError:
        return _canonical_slowly(value)  # whole numbers beyond 64 bits, and all faults
    if "null" in text:
        _canonical_slowly(value)  # a NaN is written as null: here it is a fault
    return text


def _canonical_slowly(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def check_row(number: int, raw: Any) -> Row:
    """The row as it will be kept; raises `BadRow` naming the field, the fault and the mend."""
    if type(raw) is not dict:
        raise raw if isinstance(raw, BadRow) else _no_object()
    if not raw.keys() <= KNOWN:
        raise _unknown_field(raw)
    body = _payload(raw.get("payload"))
    split = raw.get("split") or "pool"
    if split not in SPLITS:
        raise _unknown_split(split)
    label, licence = raw.get("label"), raw.get("licence")
    return Row(
        number,
        _text(raw.get("key"), "key", MAX_KEY),
        sha256(body.encode()).hexdigest(),
        body,
        None if label in (None, "") else _text(label, "label", MAX_LABEL),
        split,
        _attributes(raw.get("attributes")),
        "" if licence in (None, "") else _text(licence, "licence", MAX_LICENCE, numbers=False),
    )


def _no_object() -> BadRow:
    return BadRow("", "not_an_object", "The row is not a JSON object with `key` and `payload`.")


def _unknown_field(raw: dict[str, Any]) -> BadRow:
    name = _shown(min(set(raw) - KNOWN))
    return BadRow(name, "unknown_field", f"There is no field {name!r}; put it into `attributes`.")


def _unknown_split(split: Any) -> BadRow:
    sentence = f"The split is {_shown(split)!r}; choose one of {', '.join(SPLITS)}."
    return BadRow("split", "unknown_split", sentence)


def _text(value: Any, field: str, longest: int, *, numbers: bool = True) -> str:
    """A text; a whole number is taken for its digits where `numbers` may stand for names."""
    if numbers and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadRow(field, f"no_{field}", f"`{field}` must be a text that is not empty.")
    if len(value) > longest or "\x00" in value or not (value.isascii() or _is_unicode(value)):
        raise BadRow(
            field,
            f"bad_{field}",
            f"`{field}` may be {longest} characters long and hold neither NUL nor half a surrogate pair.",
        )
    return value


def _shown(value: Any) -> str:
    """What somebody wrote, short and clean enough to be told back to them and kept."""
    return str(value)[:60].encode(errors="replace").decode().replace("\x00", "?")


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _payload(value: Any) -> str:
    if isinstance(value, BadRow):
        raise BadRow("payload", value.code, value.message)
    if not isinstance(value, dict) or not value:
        raise BadRow("payload", "no_payload", 'Give the example a payload, such as {"text": "…"}.')
    return _canonical(value, "payload")


def _attributes(value: Any) -> str:
    if isinstance(value, BadRow):
        raise BadRow("attributes", value.code, value.message)
    if not value and (value is None or isinstance(value, dict)):
        return "{}"
    if not isinstance(value, dict):
        raise BadRow("attributes", "bad_attributes", "`attributes` must be an object of names and values.")
    for name, entry in value.items():
        if isinstance(entry, dict | list) or (isinstance(entry, float) and not math.isfinite(entry)):
            raise BadRow(
                "attributes",
                "bad_attributes",
                f"The attribute {_shown(name)!r} must be a text, a number or a flag.",
            )
    return _canonical(value, "attributes")


def _canonical(value: Any, field: str) -> str:
    try:
        text = canonical(value)
        size = len(text) if text.isascii() else len(text.encode())
    except RecursionError as error:
        raise BadRow(field, f"bad_{field}", f"`{field}` is nested too deeply. Make it flatter.") from error
    except (ValueError, TypeError) as error:
        message = f"`{field}` holds a value JSON cannot keep, such as NaN or bytes. Write it as a text."
        raise BadRow(field, f"bad_{field}", message) from error
    if size > MAX_ROW:
        raise too_long()
    if "\\u0000" in text and NUL.search(text):
        raise BadRow(field, f"bad_{field}", f"`{field}` holds a NUL character. Remove it.")
    return text
