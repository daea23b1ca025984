"""The data plane: immutable tables and folders, addressed by the SHA-256 of their logical content.

Files are written aside, in batches, so that memory does not grow with rows, and moved to their address one by one
(object stores move no folders); the manifest comes last, and what has none is not there. So a reader never sees half
a table, and whoever writes what is there already, or writes it at the same moment, writes the same. The digest is
over logical rows (schema, values, nulls), not over Parquet bytes, which vary by writer.
"""

from __future__ import annotations

import hashlib
import json
import struct
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from django.conf import settings

from apps.core.errors import DomainError

ROWS, MANIFEST = "rows.parquet", "manifest.json"
CHUNK = 32_768  # rows hashed together; part of the digest's definition, so changing it changes every digest


class StoreDamaged(DomainError):
    """Content in the store does not match its address."""

    code = "store_damaged"
    status = 500


@dataclass(frozen=True)
class Stored:
    """Where a table lies: its kind and digest address it, `rows` counts it."""

    kind: str
    digest: str
    rows: int


def _filesystem() -> tuple[pafs.FileSystem, str]:
    url = settings.STORE_URL
    if "://" not in url:
        Path(url).mkdir(parents=True, exist_ok=True)
        return pafs.LocalFileSystem(), str(Path(url).resolve())
    filesystem, root = pafs.FileSystem.from_uri(url)
    return filesystem, root


def _place(root: str, kind: str, digest: str) -> str:
    return f"{root}/{kind}/{digest[:2]}/{digest}"


def _stored(kind: str, digest: str) -> tuple[pafs.FileSystem, str]:
    """Where it lies; raises `FileNotFoundError` when it is not there, or not there as a whole."""
    filesystem, root = _filesystem()
    place = _place(root, kind, digest)
    if not exists(filesystem, f"{place}/{MANIFEST}"):
        raise FileNotFoundError(f"{kind}/{digest} is not in the store. Restore it from a backup.")
    return filesystem, place


def write_table(
    kind: str, batches: Iterable[pa.RecordBatch], *, schema: pa.Schema, manifest: dict[str, Any] | None = None
) -> Stored:
    """Write batches (already in their canonical order) and return the address of the table.

    `manifest` takes part in the digest. Writing the same content twice stores it once.
    """
    filesystem, root = _filesystem()
    hasher, rows = _Hasher(schema, manifest or {}), 0
    with _aside(filesystem, root) as aside:
        with (
            filesystem.open_output_stream(f"{aside}/{ROWS}") as sink,
            pq.ParquetWriter(sink, schema, compression="zstd") as writer,
        ):
            for chunk in _rechunk(batches, schema):
                hasher.update(chunk)
                writer.write_batch(chunk)
                rows += chunk.num_rows
        stored = Stored(kind, hasher.hexdigest(), rows)
        document = {"kind": kind, "digest": stored.digest, "rows": rows, **(manifest or {})}
        _publish(filesystem, aside, _place(root, kind, stored.digest), [ROWS], document)
    return stored


@contextmanager
def _aside(filesystem: pafs.FileSystem, root: str) -> Iterator[str]:
    """A folder of one's own to write in, gone afterwards whatever happened."""
    aside = f"{root}/tmp/{uuid.uuid4().hex}"
    filesystem.create_dir(aside, recursive=True)
    try:
        yield aside
    finally:
        filesystem.delete_dir(aside)


def _publish(
    filesystem: pafs.FileSystem, aside: str, place: str, names: list[str], manifest: dict[str, Any]
) -> None:
    """Move the files to their address, the manifest last: only with it are they there."""
    with filesystem.open_output_stream(f"{aside}/{MANIFEST}") as sink:
        sink.write(json.dumps(manifest, sort_keys=True, indent=2).encode())
    if exists(filesystem, f"{place}/{MANIFEST}"):
        return
    filesystem.create_dir(place, recursive=True)
    for name in [*names, MANIFEST]:
        filesystem.move(f"{aside}/{name}", f"{place}/{name}")


def exists(filesystem: pafs.FileSystem, path: str) -> bool:
    return bool(filesystem.get_file_info(path).type != pafs.FileType.NotFound)


def read_batches(
    kind: str, digest: str, *, columns: list[str] | None = None, size: int = CHUNK
) -> Iterator[pa.RecordBatch]:
    """Stream the table's rows in their stored order, `size` at a time."""
    filesystem, place = _stored(kind, digest)
    with filesystem.open_input_file(f"{place}/{ROWS}") as source:
        yield from pq.ParquetFile(source).iter_batches(batch_size=size, columns=columns)


def read_table(kind: str, digest: str, *, columns: list[str] | None = None) -> pa.Table:
    """The whole table in memory; for tables known to be small (benchmarks, curricula of a demo)."""
    filesystem, place = _stored(kind, digest)
    return pq.read_table(f"{place}/{ROWS}", columns=columns, filesystem=filesystem)


def read_manifest(kind: str, digest: str) -> dict[str, Any]:
    filesystem, place = _stored(kind, digest)
    with filesystem.open_input_stream(f"{place}/{MANIFEST}") as source:
        document: dict[str, Any] = json.loads(source.read())
    return document


def put_folder(kind: str, digest: str, folder: Path, names: Iterable[str]) -> None:
    """Copy the named files of a local folder into the store under an address computed by their maker."""
    filesystem, root = _filesystem()
    files = {}
    with _aside(filesystem, root) as aside:
        for name in names:
            pafs.copy_files(str(folder / name), f"{aside}/{name}", destination_filesystem=filesystem)
            files[name] = _file_digest(folder / name)
        manifest = {"kind": kind, "digest": digest, "files": files}
        _publish(filesystem, aside, _place(root, kind, digest), list(files), manifest)


def fetch_folder(kind: str, digest: str, folder: Path) -> Path:
    """Copy a stored folder to a local one, checking each file against the manifest."""
    filesystem, place = _stored(kind, digest)
    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in read_manifest(kind, digest)["files"].items():
        pafs.copy_files(f"{place}/{name}", str(folder / name), source_filesystem=filesystem)
        if _file_digest(folder / name) != expected:
            raise StoreDamaged(f"{kind}/{digest}/{name} does not match its digest. Restore it from a backup.")
    return folder


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def addresses(kind: str) -> list[str]:
    """The digests of everything stored under a kind."""
    filesystem, root = _filesystem()
    selector = pafs.FileSelector(f"{root}/{kind}", recursive=True, allow_not_found=True)
    found = filesystem.get_file_info(selector)
    return sorted(info.path.split("/")[-2] for info in found if info.base_name == MANIFEST)


def verify(kind: str, digest: str) -> None:
    """Recompute the digest of a stored table; raises `StoreDamaged` when it differs from its address."""
    manifest = read_manifest(kind, digest)
    extra = {name: value for name, value in manifest.items() if name not in {"kind", "digest", "rows"}}
    filesystem, place = _stored(kind, digest)
    with filesystem.open_input_file(f"{place}/{ROWS}") as source:
        file = pq.ParquetFile(source)
        hasher = _Hasher(file.schema_arrow, extra)
        for chunk in _rechunk(file.iter_batches(batch_size=CHUNK), file.schema_arrow):
            hasher.update(chunk)
    if hasher.hexdigest() != digest:
        raise StoreDamaged(f"{kind}/{digest} does not match its digest. Restore it from a backup.")


def writable() -> None:
    """Write and delete a small file; raises OSError when the store cannot be written."""
    filesystem, root = _filesystem()
    probe = f"{root}/tmp/{uuid.uuid4().hex}"
    filesystem.create_dir(f"{root}/tmp", recursive=True)
    with filesystem.open_output_stream(probe) as sink:
        sink.write(b"ok")
    filesystem.delete_file(probe)


def _rechunk(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches of exactly CHUNK rows (the last one shorter), so that the digest ignores how rows arrived."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        while count >= CHUNK:
            table = pa.Table.from_batches(held, schema=schema)
            yield table.slice(0, CHUNK).combine_chunks().to_batches()[0]
            held, count = table.slice(CHUNK).to_batches(), count - CHUNK
    if count:
        yield pa.Table.from_batches(held, schema=schema).combine_chunks().to_batches()[0]


class _Hasher:
    """SHA-256 over the manifest, the schema, and per chunk and column the nulls and values."""

    def __init__(self, schema: pa.Schema, manifest: dict[str, Any]) -> None:
        fields = [[field.name, _type_name(field.type)] for field in schema]
        self._sha = hashlib.sha256(
            json.dumps([fields, manifest], sort_keys=True, separators=(",", ":")).encode()
        )

    def update(self, chunk: pa.RecordBatch) -> None:
        for column in chunk.columns:
            self._column(column)

    def hexdigest(self) -> str:
        return self._sha.hexdigest()

    def _column(self, column: pa.Array) -> None:
        self._sha.update(struct.pack("<q", len(column)))
        self._sha.update(pc.is_null(column).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
            lengths = pc.fill_null(pc.list_value_length(column), 0)
            self._sha.update(lengths.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
            self._column(column.flatten())
        elif pa.types.is_string(column.type):
            filled = pc.fill_null(column, "")
            lengths = pc.binary_length(filled).to_numpy(zero_copy_only=False)
            self._sha.update(lengths.astype("<i8").tobytes())
            self._sha.update(characters(filled))
        else:
            values = pc.fill_null(column, _zero(column.type)).to_numpy(zero_copy_only=False)
            self._sha.update(values.astype(values.dtype.newbyteorder("<")).tobytes())


def rows_digest(rows: pa.RecordBatch) -> str:
    """The digest of some rows by themselves, without a manifest."""
    hasher = _Hasher(rows.schema, {})
    hasher.update(rows)
    return hasher.hexdigest()


def characters(texts: pa.StringArray) -> memoryview | bytes:
    """All texts one after the other, in UTF-8, as they lie in memory; there is no null among them."""
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return b""
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _type_name(kind: pa.DataType) -> str:
    """The type without the names Parquet gives to list items, which do not survive a round trip."""
    return f"list<{_type_name(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)


def _zero(kind: pa.DataType) -> Any:
    return False if pa.types.is_boolean(kind) else 0


def put_stream(kind: str, chunks: Iterable[bytes]) -> str:
    """Keep a stream of bytes under the SHA-256 of its content, which is returned."""
    filesystem, root = _filesystem()
    filesystem.create_dir(f"{root}/tmp", recursive=True)
    filesystem.create_dir(f"{root}/{kind}", recursive=True)
    aside, sha = f"{root}/tmp/{uuid.uuid4().hex}", hashlib.sha256()
    try:
        with filesystem.open_output_stream(aside) as sink:
            for chunk in chunks:
                sha.update(chunk)
                sink.write(chunk)
    except BaseException:
        filesystem.delete_file(aside)  # whoever sent it gave up half-way
        raise
    filesystem.move(aside, f"{root}/{kind}/{sha.hexdigest()}")
    return sha.hexdigest()


def open_stream(kind: str, digest: str) -> pa.NativeFile:
    """The bytes kept under this digest, as a seekable file."""
    filesystem, root = _filesystem()
    return filesystem.open_input_file(f"{root}/{kind}/{digest}")


@contextmanager
def write_file(path: str) -> Iterator[pa.NativeFile]:
    """A file that is not for good, such as an export: written aside, and at its place only once it is whole."""
    filesystem, root = _filesystem()
    with _aside(filesystem, root) as aside:
        with filesystem.open_output_stream(f"{aside}/file") as sink:
            yield sink
        filesystem.create_dir(f"{root}/{path}".rpartition("/")[0], recursive=True)
        filesystem.move(f"{aside}/file", f"{root}/{path}")


def open_file(path: str) -> pa.NativeFile:
    """Such a file, seekable; raises `FileNotFoundError`."""
    filesystem, root = _filesystem()
    return filesystem.open_input_file(f"{root}/{path}")


def move_file(path: str, to: str) -> None:
    filesystem, root = _filesystem()
    filesystem.move(f"{root}/{path}", f"{root}/{to}")


def delete_files(folder: str) -> None:
    """Delete a folder of such files with all that lies in it; one that is not there is as it should be."""
    filesystem, root = _filesystem()
    if exists(filesystem, f"{root}/{folder}"):
        filesystem.delete_dir(f"{root}/{folder}")
