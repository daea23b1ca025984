"""Arrow's own files and streams (IPC, Feather): looked through for their sizes first, then read batch by batch."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from apps.exchange.domain.readers.columns import MAX_GROUP, VALUE, from_batch, reason, with_objects
from apps.exchange.domain.readers.naming import Check, any_columns, once
from apps.exchange.domain.rows import UnreadableFile, too_long

MAGIC = b"ARROW1\0\0"  # before a file, which is a stream with an index after it
GOES_ON = 0xFFFFFFFF
DICTIONARY, BATCH = 2, 3  # kinds of message that have a body
SLICE = 2_000  # rows made into Python objects at once
MAX_METADATA = 16 * 2**20


def arrow_rows(source: BinaryIO) -> Iterator[Any]:
    yield from with_objects(arrow_records(source, any_columns))


def arrow_records(source: BinaryIO, check: Check) -> Iterator[Any]:
    """Column → value of each row; `check` may refuse the columns."""
    try:
        start = len(MAGIC) if source.read(len(MAGIC)) == MAGIC else 0
        if start:
            source.seek(-len(MAGIC.rstrip(b"\0")), 2)
            if source.read() != MAGIC.rstrip(b"\0"):
                raise UnreadableFile(
                    "The file is not Arrow, or it is damaged: its end is missing. Send it again."
                )
        source.seek(start)
        _check_sizes(source)
        source.seek(start)
        stream = pa.ipc.open_stream(source)
        check(once(stream.schema.names))
        for column in stream.schema:
            _check_type(column.type, column.name, whole=True)
        for batch in stream:
            batch.validate(full=True)  # a wrong offset would be read beyond the end
            yield from _portions(batch)
    except (pa.ArrowException, OSError, struct.error, IndexError) as error:
        raise UnreadableFile(f"The file is not Arrow, or it is damaged: {reason(error)}.") from error


def _check_sizes(source: BinaryIO) -> None:
    """Raises `UnreadableFile` where a batch, or all dictionaries together, would take too much memory unpacked.

    A few compressed bytes may stand for gigabytes; how many, only each message's metadata tell beforehand.
    """
    dictionaries = 0
    while size := _metadata_size(source):
        if size > MAX_METADATA:
            raise UnreadableFile("The file is not Arrow, or it is damaged: a message is far too long.")
        kind, body, unpacked = _message(source.read(size), source)
        dictionaries += unpacked if kind == DICTIONARY else 0
        if max(unpacked, dictionaries) > MAX_GROUP:
            raise UnreadableFile(
                f"A batch is larger than {MAX_GROUP // 2**20} MiB when unpacked. Write the file in smaller ones "
                "(pyarrow: max_chunksize=10_000)."
            )
        source.seek(body, 1)


def _metadata_size(source: BinaryIO) -> int:
    """Bytes of the next message's metadata; 0 at the end."""
    head = source.read(4)
    if len(head) < 4:
        return 0
    (size,) = struct.unpack("<I", head)
    if size == GOES_ON:
        (size,) = struct.unpack("<I", source.read(4))
    return int(size)


def _message(metadata: bytes, source: BinaryIO) -> tuple[int, int, int]:
    """Kind, length of the body, and bytes it takes unpacked. `source` stands at the body, and is left there."""
    message = _Table.root(metadata)
    kind, body = message.number(1, "B"), message.number(3, "q")
    header = message.table(2)
    batch = header.table(1) if kind == DICTIONARY and header else header
    if kind not in (DICTIONARY, BATCH) or batch is None:
        return kind, body, body
    if not batch.has(3):  # its buffers are as they are
        return kind, body, body
    here, unpacked = source.tell(), 0
    for offset, length in batch.pairs(2):
        if length >= 8:
            source.seek(here + offset)
            (whole,) = struct.unpack("<q", source.read(8))
            unpacked += length if whole == -1 else whole
    source.seek(here)
    return kind, body, unpacked


class _Table:
    """One table of a flatbuffer, read by the numbers of its fields."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place
        self._fields = place - self._at(place, "i")

    @classmethod
    def root(cls, data: bytes) -> _Table:
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def _at(self, place: int, kind: str) -> int:
        return int(struct.unpack_from(f"<{kind}", self._data, place)[0])

    def _field(self, number: int) -> int:
        slot = 4 + 2 * number
        offset = self._at(self._fields + slot, "H") if slot < self._at(self._fields, "H") else 0
        return self._place + offset if offset else 0

    def has(self, number: int) -> bool:
        return bool(self._field(number))

    def number(self, number: int, kind: str) -> int:
        place = self._field(number)
        return self._at(place, kind) if place else 0

    def table(self, number: int) -> _Table | None:
        place = self._field(number)
        return _Table(self._data, place + self._at(place, "I")) if place else None

    def pairs(self, number: int) -> Iterator[tuple[int, int]]:
        """Of a vector of pairs of 64-bit numbers."""
        if not (place := self._field(number)):
            return
        start = place + self._at(place, "I")
        for n in range(self._at(start, "I")):
            yield self._at(start + 4 + 16 * n, "q"), self._at(start + 12 + 16 * n, "q")


def _check_type(kind: pa.DataType, name: str, *, whole: bool = False) -> None:
    """Raises `UnreadableFile` for types of which few bytes may stand for many values that cannot be counted."""
    text = pa.types.is_dictionary(kind) and (
        pa.types.is_string(kind.value_type) or pa.types.is_primitive(kind.value_type)
    )
    views = (
        pa.types.is_string_view,
        pa.types.is_binary_view,
        pa.types.is_list_view,
        pa.types.is_large_list_view,
    )
    odd = (*views, pa.types.is_run_end_encoded, pa.types.is_union, pa.types.is_dictionary)
    if any(is_so(kind) for is_so in odd) and not (text and whole):
        raise UnreadableFile(
            f"The column {name[:60]!r} is of the type {str(kind)[:80]}, which is not read. Write it as plain "
            "texts, numbers, lists and objects, or as Parquet."
        )
    for place in range(kind.num_fields):
        _check_type(kind.field(place).type, name)


def _portions(batch: pa.RecordBatch) -> Iterator[Any]:
    """The rows, as many at once as memory holds even where many name one large value."""
    if _weight_of(batch) > MAX_GROUP and batch.num_rows > 1:
        half = batch.num_rows // 2
        yield from _portions(batch.slice(0, half))
        yield from _portions(batch.slice(half))
        return
    for start in range(0, batch.num_rows, SLICE):
        part = batch.slice(start, SLICE)
        if part.num_rows == 1 and _weight_of(part) > MAX_GROUP:
            yield too_long()
            continue
        plain = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in part.columns]
        yield from from_batch(pa.RecordBatch.from_arrays(plain, names=part.schema.names))


def _weight_of(batch: pa.RecordBatch) -> int:
    return sum(map(_weight, batch.columns))


def _weight(column: pa.Array) -> int:
    """About the bytes that the values take as Python objects, at the least."""
    kind, own = column.type, len(column) * VALUE
    if pa.types.is_dictionary(kind):
        if not pa.types.is_string(kind.value_type):
            return own
        lengths = pc.take(pc.binary_length(column.dictionary), column.indices)
        return own + int(pc.sum(lengths.cast(pa.int64())).as_py() or 0)
    if pa.types.is_struct(kind):
        return own + sum(map(_weight, column.flatten()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return own + _weight(column.flatten())
    if pa.types.is_map(kind):
        return own + _weight(column.keys) + _weight(column.items)
    return own + int(column.nbytes)
