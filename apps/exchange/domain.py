"""Rows of an import: read from NDJSON, CSV or Parquet, checked one by one."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

SPLITS = ("pool", "train", "benchmark")
KNOWN = {"key", "payload", "label", "split", "attributes", "licence"}
MAX_LINE = 8 * 1024 * 1024
MAX_KEY, MAX_LABEL = 200, 200
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # in canonical JSON; after an odd backslash it is only text


@dataclass(frozen=True)
class Problem:
    """One bad row: its number from 1, the field, a code to count by, and a sentence with the mend."""

    row: int
    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Row:
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


class UnreadableFile(Exception):
    """The file as a whole cannot be read."""


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def read_rows(source: BinaryIO, format: str) -> Iterator[tuple[int, Any]]:
    """(row number from 1, raw row or `BadRow`) for each row."""
    reader = {"ndjson": _ndjson, "csv": _csv, "parquet": _parquet}[format]
    return enumerate(reader(source), start=1)


def _ndjson(source: BinaryIO) -> Iterator[Any]:
    lines = io.BufferedReader(source)  # type: ignore[type-var]
    while line := lines.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = lines.readline(MAX_LINE)
            yield BadRow(
                "", "line_too_long", f"The line is longer than {MAX_LINE // 2**20} MiB. Split the payload."
            )
        elif line.strip():
            yield _json(line)


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except UnicodeDecodeError:
        return BadRow("", "bad_encoding", "The line is not UTF-8. Save the file as UTF-8.")
    except (ValueError, RecursionError) as error:
        return BadRow("", "bad_json", f"The line is not JSON ({error}). Write one JSON object per line.")


def _csv(source: BinaryIO) -> Iterator[Any]:
    text = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    csv.field_size_limit(MAX_LINE)
    try:
        for cells in csv.DictReader(text, restkey="_more"):
            yield _from_cells(cells)
    except UnicodeDecodeError as error:
        raise UnreadableFile("The file is not UTF-8. Save it as UTF-8 and import it again.") from error
    except csv.Error as error:
        raise UnreadableFile(f"The file is not CSV: {error}.") from error


def _from_cells(cells: dict[str, Any]) -> Any:
    """`attributes.x` columns become attributes, `payload.x` and unknown columns the payload."""
    if cells.get("_more"):
        return BadRow(
            "", "too_many_cells", "The row has more cells than the header. Quote cells that hold commas."
        )
    row: dict[str, Any] = {
        name: value for name, value in cells.items() if name in KNOWN and value not in (None, "")
    }
    for name in ("payload", "attributes"):
        if isinstance(row.get(name), str):
            row[name] = _json(row[name].encode())
    for name, value in cells.items():
        part, _, rest = name.partition(".")
        if part == "attributes" and rest and value:
            _put(row, "attributes", rest, value)
        elif name not in KNOWN and value is not None:
            _put(row, "payload", rest if part == "payload" and rest else name, value)
    return row


def _put(row: dict[str, Any], field: str, name: str, value: str) -> None:
    """Add a cell to a field made of several columns; one that is no object is left for `check_row` to refuse."""
    whole = row.setdefault(field, {})
    if isinstance(whole, dict):
        whole[name] = value


def _parquet(source: BinaryIO) -> Iterator[Any]:
    try:
        for batch in pq.ParquetFile(source).iter_batches(batch_size=2_000):
            for row in batch.to_pylist():
                for name in ("payload", "attributes"):
                    if isinstance(row.get(name), str):
                        row[name] = _json(row[name].encode())
                yield row
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"The file is not Parquet, or it is damaged: {error}.") from error


def check_row(number: int, raw: Any) -> Row:
    """The row as it will be kept; raises `BadRow` naming the field, the fault and the mend."""
    if isinstance(raw, BadRow):
        raise raw
    if not isinstance(raw, dict):
        raise BadRow("", "not_an_object", "The row is not a JSON object with `key` and `payload`.")
    unknown = sorted(set(raw) - KNOWN)
    if unknown:
        raise BadRow(
            unknown[0], "unknown_field", f"There is no field {unknown[0]!r}; put it into `attributes`."
        )
    body = _payload(raw.get("payload"))
    split = raw.get("split") or "pool"
    if split not in SPLITS:
        raise BadRow("split", "unknown_split", f"The split is {split!r}; choose one of {', '.join(SPLITS)}.")
    return Row(
        number=number,
        key=_text(raw.get("key"), "key", MAX_KEY),
        digest=hashlib.sha256(body.encode()).hexdigest(),
        body=body,
        label=None if raw.get("label") in (None, "") else _text(raw["label"], "label", MAX_LABEL),
        split=split,
        attributes=_attributes(raw.get("attributes")),
        licence="" if raw.get("licence") in (None, "") else _text(raw["licence"], "licence", 80),
    )


def _text(value: Any, field: str, longest: int) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadRow(field, f"no_{field}", f"`{field}` must be a text that is not empty.")
    if len(value) > longest or "\x00" in value or not _is_unicode(value):
        raise BadRow(
            field,
            f"bad_{field}",
            f"`{field}` may be {longest} characters long and hold neither NUL nor half a surrogate pair.",
        )
    return value


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
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        raise BadRow("attributes", "bad_attributes", "`attributes` must be an object of names and values.")
    for name, entry in value.items():
        if isinstance(entry, dict | list) or (isinstance(entry, float) and not math.isfinite(entry)):
            raise BadRow(
                "attributes", "bad_attributes", f"The attribute {name!r} must be a text, a number or a flag."
            )
    return _canonical(value, "attributes")


def _canonical(value: Any, field: str) -> str:
    try:
        text = canonical(value)
        text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRow(field, f"bad_{field}", f"`{field}` holds a value JSON cannot keep ({error}).") from error
    if NUL.search(text):
        raise BadRow(field, f"bad_{field}", f"`{field}` holds a NUL character. Remove it.")
    return text
