"""Whole files of labelled rows, held in memory for a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workers.learner import rows
from workers.learner.recipes.base import Params, Recipe, Settings
from workers.learner.rows import BATCH, EVALUATE_COLUMNS, TRAIN_COLUMNS, Chunk, Examples, RowsError


@dataclass(frozen=True)
class Reader:
    """Reads rows for one recipe; `settings` are fixed beforehand or, as None, by the first row."""

    recipe: Recipe
    params: Params
    classes: tuple[str, ...]
    pause: Callable[[], None]

    def training(self, path: Path, stages: int, settings: Settings | None) -> Examples:
        """Rows to teach, some in each of the stages; raises `RowsError` naming file, row and mend."""
        found = self._read(path, TRAIN_COLUMNS, settings, stages)
        _refuse_repeated(found.keys, path.name)
        for stage in sorted(set(range(stages)) - set(found.stages.tolist())):
            raise RowsError(
                f"{path.name}: no row has stage {stage}; give it rows or drop the stage from the spec."
            )
        if not found.weights.any():
            raise RowsError(f"{path.name}: every weight is 0; nothing would be learned.")
        return found

    def evaluation(self, path: Path, settings: Settings) -> Examples:
        """Rows to measure on; a label that is no class is kept, as code −1. Raises `RowsError`."""
        found = self._read(path, EVALUATE_COLUMNS, settings, 1)
        _refuse_repeated(found.keys, path.name)
        return found

    def _read(self, path: Path, columns: dict[str, Any], settings: Settings | None, stages: int) -> Examples:
        parts: list[Examples] = []
        for chunk in rows.read_chunks(path, columns, BATCH):
            self.pause()
            parts.append(self._examples(chunk, settings, stages))
            settings = parts[0].settings
        return self._join(parts)

    def _examples(self, chunk: Chunk, settings: Settings | None, stages: int) -> Examples:
        read = rows.payloads(chunk)
        settings = settings or rows.settle(chunk, self.recipe, self.params, read[0])
        taught, given = "weight" in chunk.columns, rows.texts(chunk, "label")
        places = {name: place for place, name in enumerate(self.classes)}
        # a benchmark stays as it was frozen while classes come and go
        labels = rows.labels(chunk, given, places, strict=taught)
        if taught:
            targets, hard = rows.targets(chunk, labels, len(self.classes))
        else:  # only a fit looks at targets
            targets, hard = np.zeros((len(labels), 0), np.float32), np.ones(len(labels), bool)
        return Examples(
            keys=chunk.columns["key"],
            given=given,
            labels=labels,
            targets=targets,
            hard=hard,
            weights=rows.weights(chunk) if taught else np.ones(len(labels), np.float32),
            stages=rows.stages(chunk, stages) if taught else np.zeros(len(labels), np.int64),
            attributes=rows.attributes(chunk),
            contents=[rows.content_digest(payload) for payload in read],
            features=rows.features(chunk, self.recipe, settings, read),
            settings=settings,
        )

    def _join(self, parts: list[Examples]) -> Examples:
        return Examples(
            keys=[key for part in parts for key in part.keys],
            given=[label for part in parts for label in part.given],
            labels=np.concatenate([part.labels for part in parts]),
            targets=np.concatenate([part.targets for part in parts]),
            hard=np.concatenate([part.hard for part in parts]),
            weights=np.concatenate([part.weights for part in parts]),
            stages=np.concatenate([part.stages for part in parts]),
            attributes=[row for part in parts for row in part.attributes],
            contents=[digest for part in parts for digest in part.contents],
            features=self.recipe.join([part.features for part in parts]),
            settings=parts[0].settings,
        )


def _refuse_repeated(keys: list[str], file: str) -> None:
    first: dict[str, int] = {}
    for place, key in enumerate(keys):
        if key in first:
            raise RowsError(
                f"{file}, row {place + 1}: key '{key}' stands in row {first[key] + 1} too; keep one "
                "(replay and weights bring a row back, not copies)."
            )
        first[key] = place
