"""A dataset version's rows as a file, streamed: payloads joined in, memory does not grow with rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from apps.datasets.domain import ROWS
from apps.datasets.models import DatasetVersion
from apps.datasets.queries import rows_of
from apps.examples.models import Payload

CONTENT_TYPES = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
EXPORT = ROWS.append(pa.field("payload_digest", pa.string()))
Row = dict[str, Any]


def export(dataset: DatasetVersion, *, format: str) -> Iterator[bytes]:
    """The file in chunks; `format` is one of CONTENT_TYPES."""
    writers = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
    return writers[format](_batches(dataset))


def _batches(dataset: DatasetVersion) -> Iterator[list[Row]]:
    """Rows with `payload` as an object, null when it was purged, and its digest beside it."""
    for batch in rows_of(dataset):
        for start in range(0, batch.num_rows, 1_000):
            rows = batch.slice(start, 1_000).to_pylist()
            digests = {row["payload"] for row in rows}
            bodies = dict(Payload.objects.filter(pk__in=digests).values_list("pk", "body"))
            yield [_joined(row, bodies) for row in rows]


def _joined(row: Row, bodies: dict[str, Any]) -> Row:
    digest = row["payload"]
    attributes = json.loads(row["attributes"])
    return {**row, "payload": bodies.get(digest), "attributes": attributes, "payload_digest": digest}


def _jsonl(batches: Iterator[list[Row]]) -> Iterator[bytes]:
    for rows in batches:
        yield "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def _csv(batches: Iterator[list[Row]]) -> Iterator[bytes]:
    yield f"{','.join(EXPORT.names)}\r\n".encode()
    for rows in batches:
        text = io.StringIO()
        csv.writer(text).writerows([_cell(row[name]) for name in EXPORT.names] for row in rows)
        yield text.getvalue().encode()


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


class _Pipe:
    """A file that is only written to, and emptied as it fills."""

    closed = False

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.at = 0

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        self.at += len(data)
        return len(data)

    def tell(self) -> int:
        return self.at

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)


def _parquet(batches: Iterator[list[Row]]) -> Iterator[bytes]:
    pipe = _Pipe()
    with pq.ParquetWriter(pa.PythonFile(pipe, mode="w"), EXPORT, compression="zstd") as writer:
        for rows in batches:
            for row in rows:
                row["payload"], row["attributes"] = (
                    json.dumps(row["payload"]),
                    json.dumps(row["attributes"], sort_keys=True),
                )
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=EXPORT))
            yield pipe.taken()
    yield pipe.taken()
