"""Objects of a file that is one JSON array, or has one object a line: each format from elsewhere comes as either."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

import ijson

from apps.exchange.domain import rows
from apps.exchange.domain.readers.lines import ndjson_rows
from apps.exchange.domain.rows import UnreadableFile

LOOK = 4_096
BOM = b"\xef\xbb\xbf"


def json_objects(source: BinaryIO) -> Iterator[Any]:
    """Each object, or a `BadRow` for a line that is none; raises `UnreadableFile` where an array breaks off."""
    peeked = io.BufferedReader(source, LOOK)  # type: ignore[type-var]
    start = peeked.peek(LOOK)[:LOOK].removeprefix(BOM).lstrip()
    return _of_array(peeked) if start.startswith(b"[") else ndjson_rows(peeked)


class _Measured:
    """A file for a reader that keeps what it has read until an object is whole: none may be longer than a row."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.since = source, 0

    def read(self, size: int = -1) -> bytes:
        found = self._source.read(size)
        self.since += len(found)
        if self.since > 2 * rows.MAX_ROW:
            most = f"{rows.MAX_ROW // 2**20} MiB"
            raise UnreadableFile(f"An object of the array is longer than {most}. Split its payload.")
        return found


def _of_array(source: BinaryIO) -> Iterator[Any]:
    measured, whole = _Measured(source), 0
    try:
        for found in ijson.items(measured, "item"):
            measured.since, whole = 0, whole + 1
            yield _plain(found)
    except ijson.JSONError as error:
        reason = str(error).splitlines()[0].strip().rstrip(".")
        raise UnreadableFile(
            f"The array cannot be read beyond its object {whole}: {reason}. The objects before it are in; "
            "mend the file and import it again, and skip what is there."
        ) from error


def _plain(value: Any) -> Any:
    """With floats for the decimals that the library keeps exactly."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
