"""CSV: a header that names the columns, then a row a record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from apps.exchange.domain import rows
from apps.exchange.domain.json_text import parse_objects
from apps.exchange.domain.rows import KNOWN, BadRow, UnreadableFile


def csv_rows(source: BinaryIO) -> Iterator[Any]:
    source_lines = _Lines(io.TextIOWrapper(source, encoding="utf-8-sig", newline=""))
    csv.field_size_limit(rows.MAX_ROW)
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
        line = self._text.readline(rows.MAX_ROW + 1)
        self.of_row += len(line)
        if self.of_row > rows.MAX_ROW:
            sentence = (
                f"A row is longer than {rows.MAX_ROW // 2**20} MiB. Close its quotes, or split its payload."
            )
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
    parse_objects(row)
    for name, value in given.items():
        part, _, rest = name.partition(".")
        if part == "attributes" and rest and value:
            _put(row, "attributes", rest, value)
        elif name not in KNOWN:
            _put(row, "payload", rest if part == "payload" and rest else name, value)
    return row


def _put(row: dict[str, Any], field: str, name: str, value: str) -> None:
    """Add a cell to a field made of several columns; one that is no object is left for `check_row` to refuse."""
    whole = row.setdefault(field, {})
    if isinstance(whole, dict):
        whole[name] = value
