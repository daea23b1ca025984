"""Arrow's own files and streams: read like Parquet, and never into more memory than there is."""

from __future__ import annotations

import io
import os
from itertools import islice
from typing import Any

import pyarrow as pa
import pytest

from apps.exchange.domain import rows as domain
from apps.exchange.domain.readers import read_rows
from apps.exchange.domain.rows import BadRow, UnreadableFile, check_row

TABLE = pa.table({"key": ["a", "b"], "payload": [{"text": "x"}, {"text": "y"}], "label": ["3", None]})


def ipc(table: pa.Table, *, stream: bool = False, compression: str | None = None) -> bytes:
    sink, options = io.BytesIO(), pa.ipc.IpcWriteOptions(compression=compression)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def rows(data: bytes) -> list[tuple[int, Any]]:
    return list(read_rows(io.BytesIO(data), "arrow"))


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("stream", [True, False])
def test_files_and_streams_are_read(stream: bool, compression: str | None) -> None:
    found = [check_row(*row) for row in rows(ipc(TABLE, stream=stream, compression=compression))]
    assert [(row.key, row.body, row.label) for row in found] == [
        ("a", '{"text":"x"}', "3"),
        ("b", '{"text":"y"}', None),
    ]


def test_objects_may_be_written_as_texts_and_labels_as_entries_of_a_dictionary() -> None:
    labels = pa.array(["3", "5", "3"]).dictionary_encode()
    table = pa.table({"key": ["a", "b", "c"], "payload": ['{"text": "x"}'] * 3, "label": labels})
    assert [check_row(*row).label for row in rows(ipc(table))] == ["3", "5", "3"]


@pytest.mark.parametrize(
    ("stream", "cut"),
    [(True, n) for n in (0, 1, 7, 20, 300, -200)] + [(False, n) for n in (0, 1, 7, 20, 300, -1, -6, -200)],
)
def test_a_file_that_was_cut_off_is_told_as_damaged(stream: bool, cut: int) -> None:
    data = ipc(TABLE, stream=stream)
    with pytest.raises(UnreadableFile, match=r"damaged|no rows"):
        rows(data[:cut])


def test_whatever_else_is_sent_is_told_as_no_arrow() -> None:
    for n in range(200):
        with pytest.raises(UnreadableFile, match=r"not Arrow"):
            rows(os.urandom(20 + n))


def test_a_file_with_bytes_changed_is_read_or_refused_and_never_breaks_the_reader() -> None:
    data = bytearray(ipc(TABLE, stream=True))
    for place in range(0, len(data), 3):
        changed = bytes(data[:place]) + bytes([data[place] ^ 0x5A]) + bytes(data[place + 1 :])
        try:
            rows(changed)
        except UnreadableFile:
            continue


def test_a_batch_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked() -> None:
    data = ipc(pa.table({"key": ["a"], "text": ["x" * 300 * 2**20]}), compression="zstd")
    assert len(data) < 100_000
    before = pa.total_allocated_bytes()
    with pytest.raises(UnreadableFile, match="max_chunksize"):
        rows(data)
    assert pa.total_allocated_bytes() - before < 2**20


def test_a_row_of_a_hundred_million_nothings_is_one_bad_row() -> None:
    nothings = pa.ListArray.from_arrays([0, 1, 100_000_001], pa.nulls(100_000_001))
    data = ipc(pa.table({"key": ["a", "b"], "attributes": nothings}))
    assert len(data) < 2_000
    (_, first), (_, second) = rows(data)
    assert (first["key"], second.code) == ("a", "row_too_long")


def test_many_rows_that_name_one_large_value_are_read_a_few_at_a_time() -> None:
    large = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["x" * 7 * 2**20]))
    data = ipc(pa.table({"key": [f"k{n}" for n in range(5_000)], "text": large}), compression="zstd")
    assert len(data) < 100_000

    whole, own = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(own)
    try:
        read = list(islice(read_rows(io.BytesIO(data), "arrow"), 3))
    finally:
        pa.set_memory_pool(whole)

    assert [raw["key"] for _, raw in read] == ["k0", "k1", "k2"]
    assert own.max_memory() < 2**30, "all rows at once would be 35 GB"


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x"], pa.string_view()),
        pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array(["x"])),
        pa.ListArray.from_arrays([0, 1], pa.array(["x"]).dictionary_encode()),
    ],
)
def test_types_whose_size_cannot_be_told_are_refused_with_the_mend(column: pa.Array) -> None:
    with pytest.raises(UnreadableFile, match=r"The column 'odd' is of the type .* Write it as"):
        rows(ipc(pa.table({"key": ["a"], "odd": column}), stream=True))


def test_a_row_longer_than_a_row_may_be_is_one_bad_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "MAX_ROW", 2_000)
    table = pa.table({"key": ["a", "b", "c"], "payload": [{"text": t} for t in ("x", "x" * 3_000, "x")]})
    found = [raw for _, raw in rows(ipc(table))]
    assert isinstance(found[1], BadRow)
    assert [raw["key"] for raw in found[::2]] == ["a", "c"]


def test_two_columns_of_one_name_are_refused() -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["key", "key"])
    with pytest.raises(UnreadableFile, match="names 'key' twice"):
        rows(ipc(table))
