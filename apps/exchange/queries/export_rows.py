"""Rows to export, streamed: examples and annotations by COPY, versions from the store with their payloads joined in.

Every source hands its rows out in portions. Within a portion the database may be at work; between two it is not, so
that whoever writes them can say how far it is. A source goes on behind any row it has handed out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
from django.db import connection
from psycopg import sql
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus

from apps.core.store import read_batches
from apps.exchange.domain.tables import read_csv

BLOCK_ROWS, BLOCK_SIZE = 8_192, 16 * 2**20  # rows handed out at once: part of the digest's definition
FIRST_ROWS, PORTION_ROWS, PORTION_SIZE = 8_192, 250_000, 64 * 2**20  # asked of the database at once
JOINED_ROWS = 1_000  # rows of a version whose payloads are looked up at once


@dataclass(frozen=True)
class Piece:
    """Some rows, or their text, and the place to go on behind them."""

    after: str
    rows: int
    content: pa.RecordBatch | bytes


Portions = Iterator[Iterator[Piece]]


class Source(Protocol):
    """What is exported. `schema` is that of its rows, None where it hands out text."""

    @property
    def schema(self) -> pa.Schema | None: ...

    def portions(self, after: str) -> Portions: ...


def copied(statement: sql.Composable) -> Iterator[bytes]:
    """The rows of a COPY, one by one, as libpq hands them out: psycopg's own loop spends four times as long on each."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        held: Any = connection.connection
        libpq = held.pgconn
        _checked(libpq.exec_(statement.as_bytes(held)), ExecStatus.COPY_OUT)
        whole = False
        try:
            while (row := libpq.get_copy_data(0))[0] > 0:
                yield bytes(row[1])  # of views, which it tracks, Python would clean up after over and over
            whole = True
            _checked(libpq.get_result(), ExecStatus.COMMAND_OK)
        finally:
            if not whole:  # whoever reads gave up: the connection is left ready for what comes next
                libpq.get_cancel().cancel()
                while libpq.status == ConnStatus.OK and libpq.get_copy_data(0)[0] > 0:
                    pass
            while libpq.status == ConnStatus.OK and libpq.get_result():
                pass


def _checked(result: Any, expected: ExecStatus) -> None:
    if result.status != expected:
        raise error_from_result(result)


@dataclass
class Copied:
    """Rows of a statement, in blocks that depend on nothing but the rows: by COPY, and without a Python object each.

    The statement of (after, limit) is ordered by its first column; `shown` are the columns that are handed on.
    """

    statement: Callable[[str, int], sql.Composable]
    columns: pa.Schema
    shown: list[str]
    _held: list[bytes] = field(default_factory=list)
    _size: int = 0
    _read_to: str = ""
    _limit: int = 0
    _more: bool = True

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([self.columns.field(name) for name in self.shown])

    def portions(self, after: str) -> Portions:
        self._read_to, self._limit = after or self._read_to, FIRST_ROWS
        while self._more:
            yield self._portion()

    def _portion(self) -> Iterator[Piece]:
        read, size, line = 0, 0, b""
        for line in copied(self.statement(self._read_to, self._limit)):
            read, size = read + 1, size + len(line)
            self._held.append(line)
            self._size += len(line)
            if len(self._held) >= BLOCK_ROWS or self._size >= BLOCK_SIZE:
                yield self._piece()
        self._more = read == self._limit
        if read:
            self._read_to = _first_cell(line)
            self._limit = max(1, min(PORTION_ROWS, PORTION_SIZE * read // size))
        if self._held and not self._more:
            yield self._piece()

    def _piece(self) -> Piece:
        batch = read_csv(self._held, self.columns)
        self._held, self._size = [], 0
        after = str(batch.column(0)[-1].as_py())
        return Piece(after, batch.num_rows, batch.select(self.shown))


def _first_cell(line: bytes) -> str:
    return next(csv.reader(io.StringIO(line.decode(), newline="")))[0]


@dataclass
class Joined:
    """Rows of a version in their stored order, `payload` as JSON instead of its digest; null where it was purged."""

    kind: str
    digest: str
    rows: pa.Schema
    stages: list[dict[str, Any]]

    @property
    def schema(self) -> pa.Schema:
        fields = [*self.rows, pa.field("payload_digest", pa.string()), pa.field("purged", pa.bool_())]
        return pa.schema([*fields, *([pa.field("stage_name", pa.string())] if self.stages else [])])

    def portions(self, after: str) -> Portions:
        place, skip = 0, int(after or 0)
        for batch in read_batches(self.kind, self.digest, size=JOINED_ROWS):
            place += batch.num_rows
            if place > skip:
                yield iter([Piece(str(place), batch.num_rows, self._joined(batch))])

    def _joined(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        digests = batch.column("payload")
        bodies = _bodies(digests.unique().to_pylist())
        texts = pa.array([bodies.get(one) for one in digests.to_pylist()], pa.string())
        columns = {**dict(zip(batch.schema.names, batch.columns, strict=True)), "payload": texts}
        columns |= {"payload_digest": digests, "purged": texts.is_null()}
        if self.stages:
            names = [stage["name"] for stage in self.stages]
            columns["stage_name"] = pa.array(names, pa.string()).take(batch.column("stage"))
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)


def _bodies(digests: list[str]) -> dict[str, str]:
    """The payloads' JSON texts by digest; those that were purged are not among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, body::text FROM examples_payload WHERE digest = ANY(%s) AND body IS NOT NULL",
            [digests],
        )
        return dict(cursor.fetchall())
