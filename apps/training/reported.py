"""Predictions that an outside trainer reports: read row by row, and refused as a whole where any is not right."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from apps.core.errors import BadInput
from apps.registry.domain import PREDICTIONS

LONGEST_LINE = 2**20
TOLERANCE = 1e-3  # float32 and rounding to four places
PROBLEMS_TOLD = 20
FIELDS = {"key", "probs", "fold"}
BATCH = 4_096


class BadPredictions(BadInput):
    """Nothing was kept: a model is measured on all rows or not at all."""

    code = "bad_predictions"

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more, see `rows`)" if len(problems) > 1 else ""
        super().__init__(
            f"Row {first['row']}: {first['message']}{more} Nothing was kept; mend it and send all rows again.",
            rows=problems,
        )


class BadRow(ValueError):
    """What is wrong with one row, with the mend."""


@dataclass(frozen=True)
class Asked:
    """What is expected: of so many classes, for these keys; `taught` ones need the fold that never saw them."""

    classes: int
    keys: set[str]
    taught: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Reported:
    """Keys in the order of the store, probabilities (n, k), folds (n,)."""

    keys: list[str]
    probs: npt.NDArray[np.float32]
    folds: npt.NDArray[np.int32]

    def batches(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self.keys), BATCH):
            part = slice(start, start + BATCH)
            probs = pa.array(list(self.probs[part]), pa.list_(pa.float32()))
            columns = [pa.array(self.keys[part], pa.string()), probs, pa.array(self.folds[part], pa.int32())]
            yield pa.RecordBatch.from_arrays(columns, schema=PREDICTIONS)


def read_reported(source: IO[bytes], *, format: str, asked: Asked) -> Reported:
    """All rows, checked; raises `BadPredictions` naming up to twenty that are not right."""
    keys: list[str] = []
    probs: list[npt.NDArray[np.float32]] = []
    folds: list[int] = []
    seen: set[str] = set()
    problems: list[dict[str, Any]] = []
    for number, row in READERS[format](source, asked):
        try:
            key, given, fold = _checked(row, asked)
            if key in seen:
                raise BadRow(f"the key {key!r} stands twice.")
        except BadRow as wrong:
            problems.append({"row": number, "message": str(wrong)})
            if len(problems) == PROBLEMS_TOLD:
                break
            continue
        seen.add(key)
        keys.append(key)
        probs.append(given)
        folds.append(fold)
    if problems:
        raise BadPredictions(problems)
    order = sorted(range(len(keys)), key=keys.__getitem__)  # code points in order are UTF-8 in order
    table = np.array([probs[i] for i in order], dtype=np.float32).reshape(len(keys), asked.classes)
    return Reported([keys[i] for i in order], table, np.array([folds[i] for i in order], dtype=np.int32))


def _lines(source: IO[bytes], asked: Asked) -> Iterator[tuple[int, Any]]:
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise BadPredictions(
                [{"row": number, "message": f"the line is longer than {LONGEST_LINE:,} bytes."}]
            )
        if line.strip():
            yield number, _parsed(line)


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None  # said where the row is checked


def _table(source: IO[bytes], asked: Asked) -> Iterator[tuple[int, Any]]:
    try:
        file = pq.ParquetFile(source)
        if file.metadata.num_rows > len(asked.keys):
            raise BadInput(
                f"The file has {file.metadata.num_rows:,} rows, but there are {len(asked.keys):,} to predict on.",
                field="body",
            )
        number = 0
        for batch in file.iter_batches(batch_size=BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"This is not a Parquet file that can be read: {error}.", field="body") from error


READERS = {"ndjson": _lines, "parquet": _table}


def _checked(row: Any, asked: Asked) -> tuple[str, npt.NDArray[np.float32], int]:
    if not isinstance(row, dict):
        raise BadRow('this is no JSON object; write {"key": "…", "probs": [0.9, 0.1]}.')
    if unknown := sorted(set(row) - FIELDS):
        raise BadRow(
            f"there is no field {str(unknown[0])[:40]!r}; a row has key, probs and, where it has one, fold."
        )
    key, probs, fold = row.get("key"), row.get("probs"), row.get("fold")
    if not isinstance(key, str) or key not in asked.keys:
        raise BadRow(f"the key {str(key)[:80]!r} is none of those to predict on.")
    fold = -1 if fold is None else fold
    if type(fold) is not int or not -1 <= fold < 2**31:
        raise BadRow("`fold` is a whole number from 0, or left out.")
    if key in asked.taught and fold < 0:
        raise BadRow(
            f"{key!r} was taught to this model. Give the probabilities of a fold that never saw it, with its `fold`, "
            "or leave the row out."
        )
    return key, _checked_probs(probs, asked.classes), fold


def _checked_probs(probs: Any, classes: int) -> npt.NDArray[np.float32]:
    if not isinstance(probs, list) or len(probs) != classes:
        raise BadRow(f"`probs` is a list of {classes} numbers, in the order of the model's classes.")
    if not all(
        type(p) in (float, int) and math.isfinite(p) and -TOLERANCE <= p <= 1 + TOLERANCE for p in probs
    ):
        raise BadRow("each probability is a finite number from 0 to 1.")
    total = math.fsum(probs)
    if abs(total - 1) > TOLERANCE:
        raise BadRow(f"the probabilities sum to {total:.4f}, not to 1.")
    given = np.clip(np.array(probs, dtype=np.float64), 0, 1)
    return np.asarray(given / given.sum(), dtype=np.float32)
