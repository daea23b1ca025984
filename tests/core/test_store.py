"""The data plane: same content, same address; damage is noticed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

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


def test_a_folder_is_checked_when_it_is_fetched(tmp_path, settings):
    source = tmp_path / "model"
    source.mkdir()
    (source / "weights").write_bytes(b"numbers")
    put_folder("models", "ab" * 32, source, ["weights"])
    assert (fetch_folder("models", "ab" * 32, tmp_path / "copy") / "weights").read_bytes() == b"numbers"
    (Path(settings.STORE_URL) / "models" / "ab" / ("ab" * 32) / "weights").write_bytes(b"other")
    with pytest.raises(StoreDamaged):
        fetch_folder("models", "ab" * 32, tmp_path / "again")
