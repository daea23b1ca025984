"""Files of rows, read one row after the other: what cannot be read is a `BadRow`, and the next row is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from apps.exchange.domain.mapping import Mapping
from apps.exchange.domain.readers.arrow import arrow_records, arrow_rows
from apps.exchange.domain.readers.columns import parquet_records, parquet_rows
from apps.exchange.domain.readers.elsewhere import argilla_rows, doccano_rows, label_studio_rows
from apps.exchange.domain.readers.images import image_rows
from apps.exchange.domain.readers.lines import ndjson_records, ndjson_rows
from apps.exchange.domain.readers.naming import Check, any_columns
from apps.exchange.domain.readers.sheets import csv_rows, sheet_records, tsv_rows
from apps.exchange.domain.rows import UnreadableFile

READERS: dict[str, Callable[[BinaryIO], Iterator[Any]]] = {
    "ndjson": ndjson_rows,
    "csv": csv_rows,
    "tsv": tsv_rows,
    "parquet": parquet_rows,
    "arrow": arrow_rows,
    "images": image_rows,
    "label_studio": label_studio_rows,
    "doccano": doccano_rows,
    "argilla": argilla_rows,
}
"""Each format as rows, without a mapping."""

RECORDS: dict[str, Callable[[BinaryIO, Check], Iterator[Any]]] = {
    "ndjson": ndjson_records,
    "csv": partial(sheet_records, format="csv"),
    "tsv": partial(sheet_records, format="tsv"),
    "parquet": parquet_records,
    "arrow": arrow_records,
}
"""Formats that a mapping can be laid over, as column → value."""


def read_rows(
    source: BinaryIO, format: str, *, mapping: Mapping | None = None, name: str = ""
) -> Iterator[tuple[int, Any]]:
    """(row number from 1, raw row or `BadRow`) for each row; raises `UnreadableFile`, also where there is none."""
    number = 0
    shape = mapping.shape(name) if mapping else None
    raws = RECORDS[format](source, partial(_has, mapping)) if mapping else READERS[format](source)
    for number, raw in enumerate(raws, start=1):
        yield number, shape(number, raw) if shape else raw
    if number == 0:
        raise UnreadableFile("The file holds no rows. Add at least one and import it again.")


def read_records(source: BinaryIO, format: str) -> Iterator[Any]:
    """Column → value, or a `BadRow`, for each row, whatever the columns are called."""
    return RECORDS[format](source, any_columns)


def _has(mapping: Mapping, names: list[str]) -> None:
    if gone := [name for name in (*mapping.key, *mapping.columns) if name not in names]:
        told = ", ".join(names)[:200]
        raise UnreadableFile(f"The mapping names the column {gone[0][:60]!r}, and the file has {told}.")
