"""How good the model is, slice by slice, and how far it moved from its base."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.learner.outputs import probability_column, write_parquet
from workers.learner.rows import Examples


def slices(examples: Examples, correct: NDArray[np.bool_], classes: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy and n: overall, per class (the given label, known or not) and per attribute value."""
    by_class: dict[str, list[bool]] = {name: [] for name in classes}
    by_attribute: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for place, right in enumerate(correct.tolist()):
        by_class.setdefault(examples.given[place], []).append(right)
        for name, value in examples.attributes[place].items():
            by_attribute[name][value].append(right)
    return {
        "overall": _share(correct.tolist()),
        "classes": {name: _share(found) for name, found in by_class.items()},
        "attributes": {
            name: {value: _share(found) for value, found in sorted(values.items())}
            for name, values in sorted(by_attribute.items())
        },
    }


def mean_kl(base: Tensor, new: Tensor) -> float:
    """Mean KL(base‖new) in nats over rows of log-probabilities (n, k); at least 0, and 0 for equal models."""
    base, new = base.double(), new.double()
    return max(0.0, float((base.exp() * (base - new)).sum(1).mean()))


def evaluation_table(name: str, examples: Examples, log_probs: Tensor, classes: tuple[str, ...]) -> pa.Table:
    """set, key, label, predicted, probs (k) of n rows, from their log-probabilities (n, k)."""
    best = log_probs.argmax(1).tolist()
    return pa.table(
        {
            "set": pa.array([name] * len(best), pa.string()),
            "key": pa.array(examples.keys, pa.string()),
            "label": pa.array(examples.given, pa.string()),
            "predicted": pa.array([classes[label] for label in best], pa.string()),
            "probs": probability_column(log_probs.exp().numpy()),
        }
    )


def write_evaluation(out: Path, tables: list[pa.Table]) -> None:
    """All evaluate sets in one file, told apart by the column `set`; without any, an empty file."""
    empty = pa.schema(
        [
            ("set", pa.string()),
            ("key", pa.string()),
            ("label", pa.string()),
            ("predicted", pa.string()),
            ("probs", pa.list_(pa.float32())),
        ]
    )
    write_parquet(out / "evaluation.parquet", pa.concat_tables(tables) if tables else empty.empty_table())


def correct_rows(examples: Examples, log_probs: Tensor) -> NDArray[np.bool_]:
    """(n,) whether the most probable class is the label; a label that the model does not know is an error of it."""
    found: NDArray[np.bool_] = (log_probs.argmax(1) == torch.from_numpy(examples.labels)).numpy()
    return found


def _share(right: list[bool]) -> dict[str, Any]:
    return {"n": len(right), "accuracy": sum(right) / len(right) if right else None}
