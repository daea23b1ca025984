"""NDJSON: one JSON object a line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from apps.exchange.domain import rows
from apps.exchange.domain.json_text import parse
from apps.exchange.domain.readers.naming import Check
from apps.exchange.domain.rows import too_long


def ndjson_records(source: BinaryIO, check: Check) -> Iterator[Any]:
    """Every line has names of its own, so there is nothing to check beforehand."""
    return ndjson_rows(source)


def ndjson_rows(source: BinaryIO) -> Iterator[Any]:
    lines = io.BufferedReader(source)  # type: ignore[type-var]
    while line := lines.readline(rows.MAX_ROW + 1):
        if len(line) > rows.MAX_ROW:
            while line and not line.endswith(b"\n"):
                line = lines.readline(rows.MAX_ROW)
            yield too_long()
        elif line.strip():
            yield parse(line.strip(), "The line", "Write one JSON object per line.")
