"""Local Parquet files for the learner, and its outputs as tables of the store."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from apps.core.store import Stored, read_batches, write_table
from apps.registry.domain import PREDICTIONS

BATCH = 8_192


def work_folder(kind: str, run_id: int) -> Path:
    """This run's own folder; on many hosts, put WORK_DIR on shared storage so that any of them can resume."""
    folder = Path(settings.WORK_DIR) / f"{kind}-{run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clear(folder: Path) -> None:
    shutil.rmtree(folder)


def write_rows(path: Path, batches: Iterable[pa.RecordBatch], columns: list[str]) -> None:
    """Write the named columns to a local Parquet file, aside and then renamed."""
    aside = path.with_suffix(".part")
    writer = None
    try:
        for batch in batches:
            chosen = batch.select(columns)
            writer = writer or pq.ParquetWriter(aside, chosen.schema)
            writer.write_batch(chosen)
    finally:
        if writer is not None:
            writer.close()
    if writer is not None:
        aside.rename(path)


def keep_predictions(path: Path, *, manifest: dict[str, object], only: str = "") -> Stored:
    """Put the learner's predictions into the store, in key order; `only` those of one set, where there are several.

    The learner held these rows in memory as a whole, so sorting them here asks for no more than it did.
    """
    table = pq.read_table(path, filters=[("set", "==", only)] if only else None).sort_by("key")
    if "fold" not in table.column_names:
        table = table.append_column("fold", pa.array([-1] * table.num_rows, pa.int32()))
    batches = table.select(PREDICTIONS.names).cast(PREDICTIONS).to_batches()
    return write_table("predictions", batches, schema=PREDICTIONS, manifest=manifest)


def merged(path: Path, cross_fit: str | None) -> Iterator[pa.RecordBatch]:
    """Predictions in file order, with the out-of-fold ones in place of those the model was taught on.

    Both are in the order of keys, so that one pass over the two is enough and neither is held in memory.
    """
    taught = _taught(cross_fit)
    held = next(taught, None)
    for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH, columns=["key", "probs"]):
        rows = batch.to_pylist()
        for row in rows:
            row["fold"] = -1
            while held and _bytes(held) < _bytes(row):
                held = next(taught, None)
            if held and held["key"] == row["key"]:
                row["probs"], row["fold"] = held["probs"], held["fold"]
        yield pa.RecordBatch.from_pylist(rows, schema=PREDICTIONS)


def _taught(digest: str | None) -> Iterator[dict[str, Any]]:
    for batch in read_batches("predictions", digest, size=BATCH) if digest else ():
        yield from batch.to_pylist()


def _bytes(row: dict[str, Any]) -> bytes:
    return str(row["key"]).encode()
