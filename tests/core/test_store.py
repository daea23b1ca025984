"""The data plane: same content, same address; damage is noticed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from django.conf import settings
from fsspec.implementations.local import LocalFileSystem

from apps.core import store
from apps.core.store import (
    StoreDamaged,
    addresses,
    fetch_folder,
    put_folder,
    read_batches,
    read_manifest,
    read_table,
    verify,
    write_table,
)

DIGEST = "ab" * 32
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("probs", pa.list_(pa.float32())),
        ("fold", pa.int32()),
        ("label", pa.string()),
        ("clear", pa.bool_()),
    ]
)


def rows(n):
    return [
        {
            "key": f"k{i}",
            "probs": [i / 7, 0.5] if i % 5 else None,
            "fold": i % 3,
            "label": "ü" if i % 2 else None,
            "clear": i % 4 == 0,
        }
        for i in range(n)
    ]


def batches(n, size):
    table = pa.Table.from_pylist(rows(n), schema=SCHEMA)
    return table.to_batches(max_chunksize=size)


def test_the_address_does_not_depend_on_how_rows_arrive():
    whole = write_table("predictions", batches(70_000, 70_000), schema=SCHEMA, manifest={"model": "m"})
    parts = write_table("predictions", batches(70_000, 999), schema=SCHEMA, manifest={"model": "m"})
    assert whole == parts
    assert addresses("predictions") == [whole.digest]
    verify("predictions", whole.digest)


@pytest.mark.parametrize("change", ["value", "null", "order", "manifest", "boundary"])
def test_any_change_of_content_changes_the_address(change):
    before = write_table("t", batches(50, 50), schema=SCHEMA, manifest={"seed": 1})
    changed, manifest = rows(50), {"seed": 1}
    if change == "value":
        changed[7]["probs"] = [0.25, 0.5]
    if change == "null":
        changed[5]["label"] = None if changed[5]["label"] else ""
        changed[6]["fold"] = None
    if change == "order":
        changed.reverse()
    if change == "manifest":
        manifest = {"seed": 2}
    if change == "boundary":
        changed[0]["key"], changed[1]["key"] = "k", "0k1"
    table = pa.Table.from_pylist(changed, schema=SCHEMA)
    assert write_table("t", table.to_batches(), schema=SCHEMA, manifest=manifest).digest != before.digest


def test_rows_come_back_as_they_went_in_in_batches():
    stored = write_table("t", batches(1_000, 100), schema=SCHEMA)
    assert stored.rows == 1_000
    assert (
        read_table("t", stored.digest).to_pylist()
        == pa.Table.from_pylist(rows(1_000), schema=SCHEMA).to_pylist()
    )
    sizes = [batch.num_rows for batch in read_batches("t", stored.digest, size=300)]
    assert sizes == [300, 300, 300, 100]
    assert read_manifest("t", stored.digest)["rows"] == 1_000


def test_an_empty_table_has_an_address_too():
    stored = write_table("t", [], schema=SCHEMA)
    verify("t", stored.digest)
    assert list(read_batches("t", stored.digest)) == []


def test_a_table_that_was_tampered_with_is_noticed(settings):
    stored = write_table("t", batches(10, 10), schema=SCHEMA)
    other = write_table("t", batches(11, 11), schema=SCHEMA)
    place = Path(settings.STORE_URL) / "t"
    good = place / stored.digest[:2] / stored.digest / "rows.parquet"
    good.write_bytes((place / other.digest[:2] / other.digest / "rows.parquet").read_bytes())
    with pytest.raises(StoreDamaged, match="Restore it"):
        verify("t", stored.digest)


def test_a_write_that_breaks_off_leaves_nothing_at_an_address():
    def breaks():
        yield batches(10, 10)[0]
        raise RuntimeError("the worker died")

    with pytest.raises(RuntimeError):
        write_table("t", breaks(), schema=SCHEMA)
    assert addresses("t") == []
    assert leftovers() == []


def leftovers():
    """What lies aside."""
    return list((Path(settings.STORE_URL) / "tmp").iterdir())


def test_two_who_write_the_same_at_the_same_moment_both_succeed():
    both = threading.Barrier(2)

    def slow():
        both.wait(10)  # neither sees the other's table
        yield from batches(5_000, 100)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: write_table("t", slow(), schema=SCHEMA), range(2))
    assert first == second
    assert (addresses("t"), leftovers()) == ([first.digest], [])
    verify("t", first.digest)


def test_two_who_bring_the_same_folder_both_succeed(tmp_path):
    (tmp_path / "weights").write_bytes(b"numbers" * 100_000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: put_folder("models", DIGEST, tmp_path, ["weights"]), range(8)))
    assert (fetch_folder("models", DIGEST, tmp_path / "copy") / "weights").stat().st_size == 700_000
    assert leftovers() == []


def test_what_has_no_manifest_yet_is_not_there(settings):
    stored = write_table("t", batches(10, 10), schema=SCHEMA)
    (Path(settings.STORE_URL) / "t" / stored.digest[:2] / stored.digest / "manifest.json").unlink()
    assert addresses("t") == []
    for read in (read_table, read_manifest, verify, lambda *where: list(read_batches(*where))):
        with pytest.raises(FileNotFoundError, match="not in the store"):
            read("t", stored.digest)
    assert write_table("t", batches(10, 10), schema=SCHEMA) == stored
    verify("t", stored.digest)


def test_a_folder_that_cannot_be_copied_whole_is_not_there(tmp_path):
    (tmp_path / "weights").write_bytes(b"numbers")
    with pytest.raises(FileNotFoundError):
        put_folder("models", DIGEST, tmp_path, ["weights", "missing"])
    assert (addresses("models"), leftovers()) == ([], [])


class ObjectStore(LocalFileSystem):
    """Moves files only, as object stores do."""

    def mv(self, path1, path2, **values):
        if self.isdir(path1):
            raise NotImplementedError("an object store moves no folders")
        super().mv(path1, path2, **values)


def test_a_store_that_moves_no_folders_holds_tables_and_folders(tmp_path, monkeypatch):
    inner = pafs.PyFileSystem(pafs.FSSpecHandler(ObjectStore()))
    monkeypatch.setattr(store, "_filesystem", lambda: (inner, str(tmp_path / "bucket")))
    (tmp_path / "weights").write_bytes(b"numbers")
    for _ in range(2):
        stored = write_table("t", batches(1_000, 100), schema=SCHEMA)
        put_folder("models", DIGEST, tmp_path, ["weights"])
    verify("t", stored.digest)
    assert read_table("t", stored.digest).num_rows == 1_000
    assert (fetch_folder("models", DIGEST, tmp_path / "copy") / "weights").read_bytes() == b"numbers"


def test_a_folder_is_checked_when_it_is_fetched(tmp_path, settings):
    source = tmp_path / "model"
    source.mkdir()
    (source / "weights").write_bytes(b"numbers")
    put_folder("models", "ab" * 32, source, ["weights"])
    assert (fetch_folder("models", "ab" * 32, tmp_path / "copy") / "weights").read_bytes() == b"numbers"
    (Path(settings.STORE_URL) / "models" / "ab" / ("ab" * 32) / "weights").write_bytes(b"other")
    with pytest.raises(StoreDamaged):
        fetch_folder("models", "ab" * 32, tmp_path / "again")
