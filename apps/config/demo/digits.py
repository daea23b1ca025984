"""scikit-learn's bundled handwritten digits (1,797 images of 8 × 8 pixels) as example rows.

Split by one seeded shuffle: 300 `train`, of which 30 (10 %) carry a wrong given label, another digit drawn
uniformly; 900 `pool` without labels; 597 `benchmark` with their true labels. `stroke` says whether the digit was
written with little, medium or much ink (thirds of all images by mean intensity).
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

TRAIN, POOL, BENCHMARK, WRONG = 300, 900, 597, 30
LICENCE = "CC-BY-4.0"


@dataclass(frozen=True)
class Digits:
    """The rows to import, and what only the simulation may know: the true label and the planted errors by key."""

    rows: list[dict[str, Any]]
    truth: dict[str, str]
    planted: frozenset[str]


def load(*, seed: int) -> Digits:
    """The demo's rows in key order; the same seed gives the same rows."""
    images, targets = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    wrong = set(rng.choice(TRAIN, size=WRONG, replace=False).tolist())
    strokes = _strokes(images)
    rows, truth, planted = [], {}, set()
    for place, index in enumerate(order):
        key, label = f"digit-{index:04d}", str(targets[index])
        truth[key] = label
        row = {"key": key, "payload": {"image": png(images[index])}, "licence": LICENCE}
        row |= {"attributes": {"stroke": strokes[index]}, "split": _split(place)}
        if place in wrong:
            planted.add(key)
            label = str((int(label) + int(rng.integers(1, 10))) % 10)
        if row["split"] != "pool":
            row["label"] = label
        rows.append(row)
    return Digits(sorted(rows, key=lambda row: str(row["key"])), truth, frozenset(planted))


def _split(place: int) -> str:
    if place < TRAIN:
        return "train"
    return "pool" if place < TRAIN + POOL else "benchmark"


def _strokes(images: np.ndarray[Any, Any]) -> list[str]:
    ink = images.mean(axis=1)
    low, high = np.quantile(ink, [1 / 3, 2 / 3])
    return ["light" if value < low else "medium" if value < high else "heavy" for value in ink]


def png(pixels: np.ndarray[Any, Any]) -> str:
    """An image of 64 intensities from 0 (paper) to 16 (ink) as a data URI, dark on light."""
    grey = (255 - np.clip(pixels.reshape(8, 8) * 255 / 16, 0, 255)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey, mode="L").save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
