"""Writes an export into the store: in parts, from which a run that was cut off goes on, and then as one file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from apps.core.store import move_file, open_file, rows_digest, write_file
from apps.exchange.domain import tables
from apps.exchange.domain.parts import Made, Shard, summed
from apps.exchange.manifest import manifest_of, name_of
from apps.exchange.models import ExportRun
from apps.exchange.queries.export_rows import Piece
from apps.exchange.queries.exports import folder_of
from apps.exchange.zipped import write_dataset

SHARD_ROWS, SHARD_SIZE = 1_000_000, 512 * 2**20
CHUNK = 2**20
COUNTED = ("split", "licence", "source")
ENCODED: dict[str, Callable[[pa.RecordBatch], bytes | memoryview]] = {
    "jsonl": tables.json_lines,
    "csv": tables.csv_lines,
}
AROUND = {"label_studio": (b"[\n", b"\n]\n")}
"""What stands before and after all parts of a text."""


class Counted:
    """A file that is only written to, and knows how long it is and its SHA-256."""

    closed = False

    def __init__(self, sink: Any) -> None:
        self._sink, self._sha, self.size = sink, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        self._sink.write(data)
        self._sha.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """The store's own file is flushed when it is closed."""

    def close(self) -> None:
        self.closed = True

    @property
    def sha256(self) -> str:
        return self._sha.hexdigest()


@contextmanager
def counted(path: str) -> Iterator[Counted]:
    with write_file(path) as sink:
        yield Counted(sink)


def parts_folder(run: ExportRun) -> str:
    return f"{folder_of(run)}/parts"


class Writing:
    """One part being written. Its files come to be when it is closed; where something fails they never do."""

    def __init__(self, run: ExportRun, schema: pa.Schema | None, behind: list[Shard]) -> None:
        self._run, self._schema = run, schema
        self._digest = behind[0].digest if behind else ""
        self._after, self._rows = "", 0
        self._counts: list[dict[str, dict[str, int]]] = []
        self._files: dict[str, tuple[Counted, tables.ParquetFile | None]] = {}
        self._rows_in: dict[str, int] = {}
        self._open = ExitStack()

    def __enter__(self) -> Writing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error:
            self._close_tables("")  # what they still hold goes into files that never come to be
        self._open.__exit__(kind, error, trace)

    @property
    def full(self) -> bool:
        size = sum(sink.size for sink, _ in self._files.values())
        return self._rows >= SHARD_ROWS or size >= SHARD_SIZE

    def add(self, piece: Piece) -> None:
        self._after, self._rows = piece.after, self._rows + piece.rows
        content = piece.content
        if isinstance(content, bytes):
            self._digest = tables.chained(self._digest, hashlib.sha256(content).hexdigest())
            self._write("", content, piece.rows)
            return
        if self._run.version is None:
            self._digest = tables.chained(self._digest, rows_digest(content))
        counts = {name: tables.counts(content, name) for name in COUNTED}
        self._counts.append({**counts, "purged": {"payload": content.column("payload").null_count}})
        if self._run.format in ENCODED:
            self._write("", ENCODED[self._run.format](content), piece.rows)
        for split, rows in self._by_split(content):
            self._write(split, rows, rows.num_rows)

    def _by_split(self, rows: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows as Parquet files take them: a Hugging Face dataset has files for each split."""
        if self._run.format == "parquet":
            yield "", rows
        elif self._run.format == "huggingface" and "split" not in rows.schema.names:
            yield "train", rows
        elif self._run.format == "huggingface":
            for split in pc.unique(rows.column("split")).to_pylist():
                yield split, rows.filter(pc.equal(rows.column("split"), split))

    def _write(self, split: str, content: pa.RecordBatch | bytes | memoryview, rows: int) -> None:
        if split not in self._files:
            path = self._path(split)
            sink = self._open.enter_context(counted(path))
            is_text = not isinstance(content, pa.RecordBatch)
            self._files[split] = (
                sink,
                None if is_text else tables.ParquetFile(cast(BinaryIO, sink), self._schema),
            )
        sink, table = self._files[split]
        self._rows_in[split] = self._rows_in.get(split, 0) + rows
        if table is None:
            sink.write(content)
        else:
            table.write(content)

    def _path(self, split: str) -> str:
        # of this claim: whoever held the run before may still be writing
        return f"{parts_folder(self._run)}/{self._run.claim}-{len(self._run.shards):05}-{split or 'rows'}"

    def _close_tables(self, digest: str) -> None:
        for _, table in self._files.values():
            if table:
                table.close(metadata(self._run, digest))

    def shard(self) -> Shard | None:
        """Close the files and tell of the part; None where there was nothing to write."""
        self._close_tables(self._digest)
        self._open.close()
        files = [
            {
                "path": self._path(split),
                "split": split,
                "rows": self._rows_in[split],
                "size": sink.size,
                "sha256": sink.sha256,
            }
            for split, (sink, _) in self._files.items()
        ]
        if not files:
            return None
        return Shard(self._after, self._digest, self._rows, files, summed(self._counts))


def metadata(run: ExportRun, digest: str) -> dict[str, Any]:
    """What a Parquet file says of itself."""
    number = run.version.number if run.version else None
    return {"project": run.project.slug, "what": run.what, "version": number, "digest": run.digest or digest}


def put_together(
    run: ExportRun, schema: pa.Schema | None, shards: list[Shard], beat: Callable[[], None]
) -> Made:
    """One file of all parts, in their order."""
    digest = run.digest if run.version else (shards[-1].digest if shards else tables.chained("", ""))
    files = [file for shard in shards for file in shard.files]
    manifest = manifest_of(run, digest, shards)
    path = f"{folder_of(run)}/{run.claim}"
    if run.format == "parquet" and len(files) == 1:
        move_file(files[0]["path"], path)
        size, sha256 = files[0]["size"], files[0]["sha256"]
    else:
        with counted(path) as sink:
            _join(run, schema, files, manifest, digest, sink, beat)
        size, sha256 = sink.size, sink.sha256
    return Made(path, name_of(run, digest), size, sha256, manifest["rows"], digest, manifest)


def _join(
    run: ExportRun,
    schema: pa.Schema | None,
    files: list[dict[str, Any]],
    manifest: dict[str, Any],
    digest: str,
    sink: Counted,
    beat: Callable[[], None],
) -> None:
    if run.format == "huggingface":
        assert schema is not None  # only tables come in this layout
        write_dataset(sink, manifest, schema, files, beat)
    elif run.format == "parquet":
        table = tables.ParquetFile(cast(BinaryIO, sink), schema)
        for batch in _batches(files):
            table.write(batch)
            beat()
        table.close(metadata(run, digest))
    else:
        before, behind = AROUND.get(run.format, (b"", b""))
        sink.write(tables.csv_header(schema) if run.format == "csv" else before)
        for file in files:
            for chunk in chunks_of(file["path"]):
                sink.write(chunk)
                beat()
        sink.write(behind)


def _batches(files: list[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    for file in files:
        with open_file(file["path"]) as source:
            yield from pq.ParquetFile(source).iter_batches(batch_size=tables.GROUP_ROWS)


def chunks_of(path: str) -> Iterator[bytes]:
    with open_file(path) as source:
        while chunk := source.read(CHUNK):
            yield chunk
