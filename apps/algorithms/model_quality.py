"""How honest are a model's probabilities, and what does it mistake for what? Labels are codes in 0…k−1."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.algorithms import checks
from apps.algorithms.checks import Floats, Ints
from apps.algorithms.intervals import two_sided_z, wilson


@dataclass(frozen=True)
class Reliability:
    """One entry per bin that holds rows, by rising confidence; all arrays (bins,)."""

    confidence: Floats  # mean stated confidence
    accuracy: Floats  # share correct
    low: Floats  # Wilson interval of the share
    high: Floats
    count: Ints


def reliability_curve(
    confidence: npt.ArrayLike,
    correct: npt.ArrayLike,
    *,
    bins: int = 15,
    equal_mass: bool = False,
    level: float = 0.95,
) -> Reliability:
    """Stated confidence (n,) in [0, 1] against what came true (n,), by bin.

    Bins are equally wide, (i/bins, (i+1)/bins] with 0 in the first, or hold equally many rows
    (`equal_mass`; equal confidences may then fall into two bins). Empty bins are left out.
    """
    stated = checks.within("confidence", confidence, 0, 1)
    right = checks.flags("correct", correct).astype(np.float64)
    if checks.same_length(confidence=stated, correct=right) == 0:
        raise ValueError("confidence has no rows: give at least one.")
    bin_of = _bins(stated, checks.whole("bins", bins, at_least=1), equal_mass)
    _, position, count = np.unique(bin_of, return_inverse=True, return_counts=True)
    accuracy = np.bincount(position, weights=right) / count
    z = two_sided_z(checks.share("level", level))
    bands = [wilson(float(share), int(size), z=z) for share, size in zip(accuracy, count, strict=True)]
    return Reliability(
        confidence=np.bincount(position, weights=stated) / count,
        accuracy=accuracy,
        low=np.array([band.low for band in bands]),
        high=np.array([band.high for band in bands]),
        count=count.astype(np.int64),
    )


def _bins(stated: Floats, bins: int, equal_mass: bool) -> Ints:
    if equal_mass:
        rank = np.empty(len(stated), np.int64)
        rank[np.argsort(stated, kind="stable")] = np.arange(len(stated))
        return (rank * bins) // len(stated)
    return np.clip(np.ceil(stated * bins).astype(np.int64) - 1, 0, bins - 1)


def expected_calibration_error(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = 15, equal_mass: bool = False
) -> float:
    """Σ |B|/n·|accuracy(B) − confidence(B)|, in [0, 1]; low is good. Naeini et al. 2015, Guo et al. 2017.

    Biased upward for few rows: watch it, gate on Brier or NLL.
    """
    curve = reliability_curve(confidence, correct, bins=bins, equal_mass=equal_mass)
    return float(np.average(np.abs(curve.accuracy - curve.confidence), weights=curve.count))


def confusion(labels: npt.ArrayLike, predicted: npt.ArrayLike, k: int) -> Ints:
    """(k, k) counts, row = true label, column = predicted label."""
    truth, guess = checks.codes("labels", labels, below=k), checks.codes("predicted", predicted, below=k)
    checks.same_length(labels=truth, predicted=guess)
    return np.bincount(truth * k + guess, minlength=k * k).reshape(k, k).astype(np.int64)
