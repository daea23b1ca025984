"""Rows in: Parquet read batch by batch, each cell checked, payloads turned into features."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workers.learner.contract import LearnerError, canonical
from workers.learner.recipes.base import Features, Params, Payload, PayloadError, Recipe, Settings

BATCH = 4096
TEXT, WEIGHT, STAGE, SOFT = pa.string(), pa.float32(), pa.int32(), pa.list_(pa.float32())
PREDICT_COLUMNS = {"key": TEXT, "payload": TEXT}
EVALUATE_COLUMNS = {**PREDICT_COLUMNS, "label": TEXT, "attributes": TEXT}
TRAIN_COLUMNS = {**EVALUATE_COLUMNS, "soft": SOFT, "weight": WEIGHT, "stage": STAGE}

Floats: TypeAlias = NDArray[np.float32]
Whole: TypeAlias = NDArray[np.int64]


class RowsError(LearnerError):
    """A rows file, or one row of it, that cannot be used."""

    code = "bad_rows"
    exit_status = 2


@dataclass(frozen=True)
class Examples:
    """n rows of a training or evaluation file, in the file's order."""

    keys: list[str]
    given: list[str]  # the label's name
    labels: Whole  # (n,) place of the label in the classes; −1 where an evaluation's label is none of them
    targets: Floats  # (n, k) the soft label, or the label as one-hot
    hard: NDArray[np.bool_]  # (n,) no soft label was given
    weights: Floats  # (n,)
    stages: Whole  # (n,)
    attributes: list[dict[str, str]]
    contents: list[str]  # digest of each payload: equal payloads, equal digests
    features: Features
    settings: Settings


@dataclass(frozen=True)
class Chunk:
    """One batch on its way: columns, and how to name a row of it."""

    file: str
    start: int
    columns: dict[str, Any]

    def bad(self, place: int, message: str) -> RowsError:
        keys = self.columns["key"]
        key = keys[place] if isinstance(keys, list) else keys[place].as_py()
        return RowsError(f"{self.file}, row {self.start + place + 1} (key '{key}'): {message}.")


def read_chunks(path: Path, columns: dict[str, pa.DataType], size: int) -> Iterator[Chunk]:
    """Batches with the named columns in the named types; keys as strings, none of them empty."""
    file = open_parquet(path)
    missing = sorted(set(columns) - set(file.schema_arrow.names))
    if missing:
        raise RowsError(
            f"{path.name}: column '{missing[0]}' is missing; the file needs {', '.join(columns)}."
        )
    if file.metadata.num_rows == 0:
        raise RowsError(f"{path.name}: has no rows; give at least one.")
    start = 0
    for batch in file.iter_batches(batch_size=size, columns=list(columns)):
        chunk = Chunk(
            path.name, start, {name: _cast(batch, name, kind, path.name) for name, kind in columns.items()}
        )
        chunk.columns["key"] = texts(chunk, "key")
        start += batch.num_rows
        yield chunk


def open_parquet(path: Path) -> Any:
    """The file, open; raises `RowsError` when it is no Parquet."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise RowsError(f"{path.name}: cannot be read as Parquet ({error}); write it again.") from error


def _cast(batch: Any, name: str, kind: pa.DataType, file: str) -> Any:
    column = batch.column(name)
    try:
        return column.cast(kind)
    except pa.ArrowException as error:
        raise RowsError(f"{file}: column '{name}' is {column.type}; write it as {kind}.") from error


def texts(chunk: Chunk, name: str) -> list[str]:
    """The column's n values; raises `RowsError` at an empty one."""
    values: list[str] = chunk.columns[name].to_pylist()
    for place, value in enumerate(values):
        if not value:
            raise chunk.bad(place, f"{name} is empty; give one")
    return values


def payloads(chunk: Chunk) -> list[Payload]:
    """The n payloads from their JSON text; raises `RowsError` at one that is no JSON object."""
    return [_json_object(chunk, place, "payload", text) for place, text in enumerate(texts(chunk, "payload"))]


def _json_object(chunk: Chunk, place: int, name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise chunk.bad(place, f"{name} is not JSON ({error}); correct it") from error
    if not isinstance(value, dict):
        raise chunk.bad(place, f"{name} is not a JSON object; write it as {{…}}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def attributes(chunk: Chunk) -> list[dict[str, str]]:
    """Each row's attributes with values as text, {} where there are none."""
    found = []
    for place, text in enumerate(chunk.columns["attributes"].to_pylist()):
        given = _json_object(chunk, place, "attributes", text or "{}")
        found.append(
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        )
    return found


def labels(chunk: Chunk, given: list[str], classes: dict[str, int], *, strict: bool) -> Whole:
    """(n,) codes of the given labels; one that is no class raises `RowsError` when strict, else it is −1."""
    for place, label in enumerate(given):
        if strict and label not in classes:
            raise chunk.bad(place, f"label '{label}' is not among the classes; correct it or add the class")
    return np.array([classes.get(label, -1) for label in given], np.int64)


def weights(chunk: Chunk) -> Floats:
    """(n,) finite weights from 0; raises `RowsError` at any other."""
    values: Floats = chunk.columns["weight"].to_numpy(zero_copy_only=False).astype(np.float32)
    for place in np.flatnonzero(~(np.isfinite(values) & (values >= 0)))[:1]:
        raise chunk.bad(int(place), f"weight is {values[place]}; give a finite number from 0")
    return values


def stages(chunk: Chunk, count: int) -> Whole:
    """(n,) stage numbers from 0 to below `count`; raises `RowsError` at any other."""
    for place, value in enumerate(chunk.columns["stage"].to_pylist()):
        if value is None or not 0 <= value < count:
            raise chunk.bad(place, f"stage is {value}; the spec has stages 0 to {count - 1}")
    found: Whole = chunk.columns["stage"].to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def targets(chunk: Chunk, hard_labels: Whole, classes: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Soft labels where given, made to sum to exactly 1; one-hot where not."""
    found = np.zeros((len(hard_labels), classes), np.float32)
    found[np.arange(len(hard_labels)), hard_labels] = 1.0
    given = ~np.asarray(chunk.columns["soft"].is_null())
    for place in np.flatnonzero(given):
        soft = np.array(chunk.columns["soft"][int(place)].as_py(), np.float64)
        if soft.shape != (classes,):
            raise chunk.bad(
                int(place), f"soft has {soft.size} entries; give {classes}, one for each class, or null"
            )
        if not (np.isfinite(soft).all() and (soft >= 0).all() and abs(soft.sum() - 1) < 1e-3):
            raise chunk.bad(int(place), "soft is no distribution; give numbers from 0 that sum to 1, or null")
        found[place] = soft / soft.sum()
    return found, ~given


def features(chunk: Chunk, recipe: Recipe, settings: Settings, read: list[Payload]) -> Features:
    """The recipe's features of n payloads; raises `RowsError` naming the row that it cannot read."""
    try:
        return recipe.featurise(read, settings)
    except PayloadError as error:
        raise chunk.bad(error.place, f"payload {error}") from error


def settle(chunk: Chunk, recipe: Recipe, params: Params, first: Payload) -> Settings:
    """The input's settings (field, size) as the first payload has them; raises `RowsError`."""
    try:
        return recipe.settle(first, params)
    except PayloadError as error:
        raise chunk.bad(0, f"payload {error}") from error


def content_digest(payload: Payload) -> str:
    """Equal payloads, equal digests: 32 hexadecimal digits of BLAKE2b over the canonical JSON."""
    return hashlib.blake2b(canonical(payload), digest_size=16).hexdigest()
