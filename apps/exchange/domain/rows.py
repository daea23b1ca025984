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
MAX_ROW = 8 * 2**20  # bytes of one row: a line of NDJSON, a row of CSV, a payload in any format
MAX_GROUP = 256 * 2**20  # bytes of a Parquet row group in memory: one page may be as large
VALUE = 64  # bytes that a value takes in Python at the least, however little it takes in Parquet
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


def too_long() -> BadRow:
    return BadRow("", "row_too_long", f"The row is longer than {MAX_ROW // 2**20} MiB. Split its payload.")


class UnreadableFile(Exception):
    """The file as a whole cannot be read, however often one tries."""


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def read_rows(source: BinaryIO, format: str) -> Iterator[tuple[int, Any]]:
    """(row number from 1, raw row or `BadRow`) for each row; raises `UnreadableFile`, also where there is none."""
    reader = {"ndjson": _ndjson, "csv": _csv, "parquet": _parquet}[format]
    number = 0
    for number, raw in enumerate(reader(source), start=1):
        yield number, raw
    if number == 0:
        raise UnreadableFile("The file holds no rows. Add at least one and import it again.")


def _ndjson(source: BinaryIO) -> Iterator[Any]:
    lines = io.BufferedReader(source)  # type: ignore[type-var]
    while line := lines.readline(MAX_ROW + 1):
        if len(line) > MAX_ROW:
            while line and not line.endswith(b"\n"):
                line = lines.readline(MAX_ROW)
            yield too_long()
        elif line.strip():
            yield _json(line.strip(), "The line", "Write one JSON object per line.")


def _json(text: bytes | str, what: str, mend: str = "Write a JSON object.") -> Any:
    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return BadRow("", "bad_encoding", f"{what} is not UTF-8. Save the file as UTF-8.")
    except json.JSONDecodeError as error:
        fault = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        return BadRow("", "bad_json", f"{what} is not JSON: {fault}. {mend}")
    except RecursionError:
        return BadRow("", "too_deep", f"{what} is nested too deeply. Make it flatter.")
    except ValueError:
        return BadRow("", "bad_json", f"{what} holds a number too long to keep. Write it as a text.")


def _csv(source: BinaryIO) -> Iterator[Any]:
    source_lines = _Lines(io.TextIOWrapper(source, encoding="utf-8-sig", newline=""))
    csv.field_size_limit(MAX_ROW)
    lines = csv.reader(source_lines, strict=True)  # or a quote left open would swallow the rows after it
    try:
        names = _header(next(lines, []))
        for cells in _records(lines, source_lines):
            yield cells if isinstance(cells, BadRow) else _from_cells(names, cells)
    except UnicodeDecodeError as error:
        raise UnreadableFile("The file is not UTF-8. Save it as UTF-8 and import it again.") from error
    except csv.Error as error:
        raise UnreadableFile(
            "The header cannot be read. Close its quotes, and separate with commas."
        ) from error


class _Lines:
    """The lines of a text, for a reader that says where a row ends: none may be longer than a row may be."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self.of_row = text, 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ROW + 1)
        self.of_row += len(line)
        if self.of_row > MAX_ROW:
            sentence = f"A row is longer than {MAX_ROW // 2**20} MiB. Close its quotes, or split its payload."
            raise UnreadableFile(sentence)
        if not line:
            raise StopIteration
        return line


def _header(names: list[str]) -> list[str]:
    """The columns; raises `UnreadableFile` for a header under which no row could be read rightly."""
    names = [name.strip() for name in names]
    told = ",".join(names)[:80]
    twice = sorted({name for name in names if names.count(name) > 1})
    if names and "key" not in names and any(mark in told for mark in ";\t"):
        raise UnreadableFile(f"The header is `{told}`; separate with commas.")
    if "" in names:
        raise UnreadableFile(
            f"Column {names.index('') + 1} of the header has no name. Name it or take it out."
        )
    if twice:
        raise UnreadableFile(f"The header names {twice[0]!r} twice. Give each column its own name.")
    if names and "key" not in names:
        raise UnreadableFile(
            f"The header is `{told}` and has no column `key`. Add it: each example needs one."
        )
    return names


def _records(lines: Any, source: _Lines) -> Iterator[list[str] | BadRow]:
    """Cells of each row that is not blank; where a quote is wrong, the lines it took with it as one bad row."""
    while True:
        first, source.of_row = lines.line_num + 1, 0
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error:
            yield _broken(first, lines.line_num)
            continue
        if cells:
            yield cells


def _broken(first: int, last: int) -> BadRow:
    where = f"Line {first}" if first == last else f"Lines {first} to {last}"
    return BadRow(
        "",
        "bad_quote",
        f"{where}: a quote is not closed, or text follows it. Close it, and write a quote inside a cell twice.",
    )


def _from_cells(names: list[str], cells: list[str]) -> Any:
    """`attributes.x` columns become attributes, `payload.x` and unknown columns the payload."""
    if len(cells) > len(names):
        return BadRow(
            "", "too_many_cells", "The row has more cells than the header. Quote cells that hold commas."
        )
    given = dict(zip(names, cells, strict=False))  # a row may end early
    row: dict[str, Any] = {name: value for name, value in given.items() if name in KNOWN and value != ""}
    _parse_objects(row)
    for name, value in given.items():
        part, _, rest = name.partition(".")
        if part == "attributes" and rest and value:
            _put(row, "attributes", rest, value)
        elif name not in KNOWN:
            _put(row, "payload", rest if part == "payload" and rest else name, value)
    return row


def _parse_objects(row: dict[str, Any]) -> None:
    """Where a file has them as texts, payload and attributes are JSON."""
    for name in ("payload", "attributes"):
        if isinstance(row.get(name), str):
            row[name] = _json(row[name], f"`{name}`")


def _put(row: dict[str, Any], field: str, name: str, value: str) -> None:
    """Add a cell to a field made of several columns; one that is no object is left for `check_row` to refuse."""
    whole = row.setdefault(field, {})
    if isinstance(whole, dict):
        whole[name] = value


def _parquet(source: BinaryIO) -> Iterator[Any]:
    try:
        file = pq.ParquetFile(source)
        for group in range(file.num_row_groups):
            size = _rows_at_once(file.metadata.row_group(group), group)
            for batch in file.iter_batches(batch_size=size, row_groups=[group]):
                yield from _from_batch(batch)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(". ")
        raise UnreadableFile(f"The file is not Parquet, or it is damaged: {reason}.") from error


def _rows_at_once(group: pq.RowGroupMetaData, number: int) -> int:
    """How many rows of this group fit into memory even if each holds its largest value.

    A few compressed bytes may stand for gigabytes: many rows may name one entry of a dictionary, or one row hold
    millions of nulls. Raises `UnreadableFile` where a group is too large to be read in any portion.
    """
    columns = [group.column(place) for place in range(group.num_columns)]
    widest = max((max(c.total_uncompressed_size, c.num_values * VALUE) for c in columns), default=1)
    if max(widest, sum(c.total_uncompressed_size for c in columns)) > MAX_GROUP:
        raise UnreadableFile(
            f"Row group {number + 1} is larger than {MAX_GROUP // 2**20} MiB when unpacked. Write the file with "
            "smaller ones (pyarrow: row_group_size=10_000)."
        )
    return min(2_000, max(1, MAX_GROUP // max(1, widest)))


def _from_batch(batch: pa.RecordBatch) -> Iterator[Any]:
    """The rows one by one; what is too long for a row never becomes Python objects."""
    whole = batch.nbytes <= MAX_ROW
    for part in [batch] if whole else (batch.slice(place, 1) for place in range(batch.num_rows)):
        if part.nbytes > MAX_ROW:
            yield too_long()
            continue
        for row in part.to_pylist():
            _parse_objects(row)
            yield row


def check_row(number: int, raw: Any) -> Row:
    """The row as it will be kept; raises `BadRow` naming the field, the fault and the mend."""
    if isinstance(raw, BadRow):
        raise raw
    if not isinstance(raw, dict):
        raise BadRow("", "not_an_object", "The row is not a JSON object with `key` and `payload`.")
    unknown = sorted(set(raw) - KNOWN)
    if unknown:
        name = _shown(unknown[0])
        raise BadRow(name, "unknown_field", f"There is no field {name!r}; put it into `attributes`.")
    body = _payload(raw.get("payload"))
    split = raw.get("split") or "pool"
    if split not in SPLITS:
        raise BadRow(
            "split", "unknown_split", f"The split is {_shown(split)!r}; choose one of {', '.join(SPLITS)}."
        )
    return Row(
        number=number,
        key=_text(raw.get("key"), "key", MAX_KEY),
        digest=hashlib.sha256(body.encode()).hexdigest(),
        body=body,
        label=None if raw.get("label") in (None, "") else _text(raw["label"], "label", MAX_LABEL),
        split=split,
        attributes=_attributes(raw.get("attributes")),
        licence=""
        if raw.get("licence") in (None, "")
        else _text(raw["licence"], "licence", 80, numbers=False),
    )


def _text(value: Any, field: str, longest: int, *, numbers: bool = True) -> str:
    """A text; a whole number is taken for its digits where `numbers` may stand for names."""
    if numbers and isinstance(value, int) and not isinstance(value, bool):
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
    if value is None:
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
        size = len(text.encode())
    except RecursionError as error:
        raise BadRow(field, f"bad_{field}", f"`{field}` is nested too deeply. Make it flatter.") from error
    except (ValueError, TypeError) as error:
        message = f"`{field}` holds a value JSON cannot keep, such as NaN or bytes. Write it as a text."
        raise BadRow(field, f"bad_{field}", message) from error
    if size > MAX_ROW:
        raise too_long()
    if NUL.search(text):
        raise BadRow(field, f"bad_{field}", f"`{field}` holds a NUL character. Remove it.")
    return text
