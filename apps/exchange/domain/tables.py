"""Rows as Parquet, JSONL and CSV, a batch at a time and by columns; and the digest of what a table holds."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from apps.core.store import characters

JSON_TEXTS = frozenset({"payload", "attributes", "answers", "suggestion"})
"""Columns that hold JSON: values in JSONL, texts everywhere else."""

ESCAPED = r'["\\\x00-\x1f]'
GROUP_ROWS, GROUP_SIZE = 65_536, 64 * 2**20  # of a row group: what is held until it is written
METADATA = "whetstone"  # the key in a Parquet file's metadata


def read_csv(rows: Iterable[bytes], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as PostgreSQL's COPY writes them in CSV: a null is an empty cell, an empty text one in quotes."""
    text = b"".join(rows)
    table = pa_csv.read_csv(
        pa.BufferReader(text),
        read_options=pa_csv.ReadOptions(
            column_names=schema.names, block_size=len(text) + 1, use_threads=False
        ),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    return table.combine_chunks().to_batches()[0]


def json_lines(batch: pa.RecordBatch) -> bytes | memoryview:
    """One JSON object a line, put together column by column."""
    parts: list[Any] = []
    for place, name in enumerate(batch.schema.names):
        parts += [f"{', ' if place else '{'}{json.dumps(name)}: ", _json(name, batch.column(place))]
    return characters(pc.binary_join_element_wise(*parts, "}\n", ""))


def _json(name: str, column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        column = _listed(column)
    elif not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    elif name not in JSON_TEXTS:
        column = _quoted(column)
    return pc.fill_null(column, "null")


def _listed(column: pa.Array) -> pa.Array:
    texts = [None if one is None else json.dumps(one) for one in column.to_pylist()]
    return pa.array(texts, pa.string())


def _quoted(column: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(column, ESCAPED)).as_py():
        texts = (None if one is None else json.dumps(one, ensure_ascii=False) for one in column.to_pylist())
        return pa.array(texts, pa.string())
    return pc.binary_join_element_wise('"', column, '"', "")


def csv_header(schema: pa.Schema) -> bytes:
    return f"{','.join(schema.names)}\n".encode()


def csv_lines(batch: pa.RecordBatch) -> bytes:
    """Cells in quotes where they are texts, so that an empty text and a null, which has none, differ."""
    columns = [_listed(column) if pa.types.is_list(column.type) else column for column in batch.columns]
    sink = io.BytesIO()
    options = pa_csv.WriteOptions(include_header=False)
    pa_csv.write_csv(pa.RecordBatch.from_arrays(columns, batch.schema.names), sink, options)
    return sink.getvalue()


class ParquetFile:
    """Writes batches of any size in row groups of a good one; metadata comes with the end."""

    def __init__(self, sink: BinaryIO, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd")
        self._schema = schema
        self._held: list[pa.RecordBatch] = []
        self._rows = self._size = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._rows += batch.num_rows
        self._size += batch.nbytes
        if self._rows >= GROUP_ROWS or self._size >= GROUP_SIZE:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            table = pa.Table.from_batches(self._held, schema=self._schema)
            self._writer.write_table(table, row_group_size=self._rows)
        self._held, self._rows, self._size = [], 0, 0

    def close(self, metadata: dict[str, Any]) -> None:
        self._flush()
        self._writer.add_key_value_metadata({METADATA: json.dumps(metadata, sort_keys=True)})
        self._writer.close()


def chained(previous: str, digest: str) -> str:
    """The digest of a table so far: of the one before this block of rows, and of the block."""
    return hashlib.sha256(f"{previous}{digest}".encode()).hexdigest()


def counts(batch: pa.RecordBatch, name: str) -> dict[str, int]:
    """How often each value stands in a column; nothing where there is no such column."""
    if name not in batch.schema.names:
        return {}
    found = pc.value_counts(batch.column(name)).to_pylist()
    return {str(one["values"] or ""): one["counts"] for one in found}
