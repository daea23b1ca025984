"""Files of rows, read one row after the other: what cannot be read is a `BadRow`, and the next row is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from apps.exchange.domain.readers.columns import parquet_rows
from apps.exchange.domain.readers.elsewhere import argilla_rows, doccano_rows, label_studio_rows
from apps.exchange.domain.readers.images import image_rows
from apps.exchange.domain.readers.lines import ndjson_rows
from apps.exchange.domain.readers.sheets import csv_rows
from apps.exchange.domain.rows import UnreadableFile

READERS: dict[str, Callable[[BinaryIO], Iterator[Any]]] = {
    "ndjson": ndjson_rows,
    "csv": csv_rows,
    "parquet": parquet_rows,
    "images": image_rows,
    "label_studio": label_studio_rows,
    "doccano": doccano_rows,
    "argilla": argilla_rows,
}


def read_rows(source: BinaryIO, format: str) -> Iterator[tuple[int, Any]]:
    """(row number from 1, raw row or `BadRow`) for each row; raises `UnreadableFile`, also where there is none."""
    number = 0
    for number, raw in enumerate(READERS[format](source), start=1):
        yield number, raw
    if number == 0:
        raise UnreadableFile("The file holds no rows. Add at least one and import it again.")
