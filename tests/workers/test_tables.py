"""Predictions of a file with the out-of-fold ones put in, in one pass over both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.registry.domain import PREDICTIONS
from workers.jobs import tables
from workers.jobs.tables import keep_predictions, merged


def predictions(path: Path, keys: list[str], value: float, **columns: Any) -> Path:
    rows = {"key": keys, "probs": [[value, 1 - value]] * len(keys), **columns}
    pq.write_table(pa.table(rows, schema=None).cast(_schema(rows)), path)
    return path


def _schema(rows: dict[str, Any]) -> pa.Schema:
    kinds = {"key": pa.string(), "probs": pa.list_(pa.float32()), "fold": pa.int32(), "set": pa.string()}
    return pa.schema([(name, kinds[name]) for name in rows])


KEYS = sorted(["a", "A", "a10", "a9", "ä", "z", "Ünö"], key=str.encode)


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("taught", [[], ["A"], ["a", "ä"], ["gone", "z"], KEYS])
def test_what_was_taught_is_taken_from_the_folds_and_the_rest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taught: list[str], size: int
) -> None:
    monkeypatch.setattr(tables, "BATCH", size)
    pool = predictions(tmp_path / "pool.parquet", KEYS, 0.75)
    folds = predictions(tmp_path / "folds.parquet", taught, 0.25, fold=[1] * len(taught))
    stored = keep_predictions(folds, manifest={"purpose": "cross_fit"})
    found = pa.Table.from_batches(merged(pool, stored.digest), schema=PREDICTIONS).to_pylist()
    assert [row["key"] for row in found] == KEYS
    assert {row["key"]: (row["probs"][0], row["fold"]) for row in found} == {
        key: (0.25, 1) if key in taught else (0.75, -1) for key in KEYS
    }


def test_of_a_file_of_several_sets_only_the_named_one_is_kept(tmp_path: Path) -> None:
    path = predictions(tmp_path / "both.parquet", ["b", "a", "c"], 0.5, set=["x", "x", "y"])
    assert keep_predictions(path, manifest={}, only="x").rows == 2
