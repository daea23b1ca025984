"""CSV and TSV: a header that names the columns, then a row a record. The header tells what separates its cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from apps.exchange.domain import rows
from apps.exchange.domain.json_text import parse_objects
from apps.exchange.domain.readers.naming import Check, once
from apps.exchange.domain.rows import KNOWN, BadRow, UnreadableFile

MARKS = {"csv": ",;\t|", "tsv": "\t;,|"}
"""What may separate cells, the likeliest first."""


def csv_rows(source: BinaryIO) -> Iterator[Any]:
    yield from _sheet_rows(source, "csv")


def tsv_rows(source: BinaryIO) -> Iterator[Any]:
    yield from _sheet_rows(source, "tsv")


def _sheet_rows(source: BinaryIO, format: str) -> Iterator[Any]:
    for record in sheet_records(source, _needs_key, format=format):
        yield record if isinstance(record, BadRow) else _from_cells(record)


def sheet_records(source: BinaryIO, check: Check, *, format: str) -> Iterator[dict[str, str] | BadRow]:
    """Column → text of each row that is not blank; `check` may refuse the columns."""
    source_lines = _Lines(io.TextIOWrapper(source, encoding="utf-8-sig", newline=""))
    csv.field_size_limit(rows.MAX_ROW)
    try:
        mark = source_lines.separator(MARKS[format])
        # strict, or a quote left open would swallow the rows after it
        lines = csv.reader(source_lines, strict=True, delimiter=mark)
        names = _header(next(lines, []))
        check(names)
        for cells in _records(lines, source_lines):
            yield cells if isinstance(cells, BadRow) else _by_name(names, cells)
    except UnicodeDecodeError as error:
        raise UnreadableFile("The file is not UTF-8. Save it as UTF-8 and import it again.") from error
    except csv.Error as error:
        raise UnreadableFile(
            "The header cannot be read. Close its quotes, and separate with commas, semicolons or tabs."
        ) from error


class _Lines:
    """The lines of a text, for a reader that says where a row ends: none may be longer than a row may be."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._held, self.of_row = text, "", 0

    def separator(self, marks: str) -> str:
        """The first of `marks` that parts the first line, which is read again afterwards."""
        self._held = self._text.readline(rows.MAX_ROW + 1)
        return next((mark for mark in marks if _parts(self._held, mark)), marks[0])

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line, self._held = self._held or self._text.readline(rows.MAX_ROW + 1), ""
        self.of_row += len(line)
        if self.of_row > rows.MAX_ROW:
            sentence = (
                f"A row is longer than {rows.MAX_ROW // 2**20} MiB. Close its quotes, or split its payload."
            )
            raise UnreadableFile(sentence)
        if not line:
            raise StopIteration
        return line


def _parts(line: str, mark: str) -> bool:
    try:
        return len(next(csv.reader([line], strict=True, delimiter=mark), [])) > 1
    except csv.Error:
        return False


def _header(names: list[str]) -> list[str]:
    """The columns; raises `UnreadableFile` for a header under which no row could be read rightly."""
    names = [name.strip() for name in names]
    if "" in names:
        raise UnreadableFile(
            f"Column {names.index('') + 1} of the header has no name. Name it or take it out."
        )
    return once(names)


def _needs_key(names: list[str]) -> None:
    if names and "key" not in names:
        told = ",".join(names)[:80]
        raise UnreadableFile(
            f"The header is `{told}` and has no column `key`. Add it, for each example needs one, or map its columns."
        )


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


def _by_name(names: list[str], cells: list[str]) -> dict[str, str] | BadRow:
    if len(cells) > len(names):
        return BadRow(
            "", "too_many_cells", "The row has more cells than the header. Quote cells that hold commas."
        )
    return dict(zip(names, cells, strict=False))  # a row may end early


def _from_cells(given: dict[str, str]) -> Any:
    """`attributes.x` columns become attributes, `payload.x` and unknown columns the payload."""
    row: dict[str, Any] = {name: value for name, value in given.items() if name in KNOWN and value != ""}
    parse_objects(row)
    for name, value in given.items():
        part, _, rest = name.partition(".")
        if part == "attributes" and rest:
            if value:
                _put(row, "attributes", rest, value)
        elif name not in KNOWN:
            _put(row, "payload", rest if part == "payload" and rest else name, value)
    return row


def _put(row: dict[str, Any], field: str, name: str, value: str) -> None:
    """Add a cell to a field made of several columns; one that is no object is left for `check_row` to refuse."""
    whole = row.setdefault(field, {})
    if isinstance(whole, dict):
        whole[name] = value
