"""How likely is a given label, seen by a model that did not learn from it?

All scores take labels (n,) in 0…k−1 and out-of-sample probs (n, k), and return (n,): low = suspect.
In-sample probabilities make every one of them worthless. ValueError on malformed rows.
Northcutt, Jiang & Chuang 2021 (confident learning); Kuan & Mueller 2022 (scores).
"""

import numpy as np
import numpy.typing as npt

from apps.algorithms import checks
from apps.algorithms.checks import Bools, Floats, Ints

# the smallest normal float32: a float32 softmax reports nothing between it and zero
SMALLEST = float(np.finfo(np.float32).tiny)
# a class whose rows all have the same probability must reach its own mean in spite of rounding
THRESHOLD_SLACK = 1e-6


def _given_and_rival(labels: npt.ArrayLike, probs: npt.ArrayLike) -> tuple[Floats, Floats]:
    y, p = checks.labelled(labels, probs)
    rows = np.arange(len(y))
    given = p[rows, y]
    p[rows, y] = -1  # p is the checks' own copy
    return given, p.max(axis=1)


def self_confidence(labels: npt.ArrayLike, probs: npt.ArrayLike) -> Floats:
    """Probability of the given label, p_y, in [0, 1]; low means suspect."""
    y, p = checks.labelled(labels, probs)
    return p[np.arange(len(y)), y]


def normalised_margin(labels: npt.ArrayLike, probs: npt.ArrayLike) -> Floats:
    """p_y − max_{j≠y} p_j, in [−1, 1]; low means suspect."""
    given, rival = _given_and_rival(labels, probs)
    return given - rival


def log_odds(labels: npt.ArrayLike, probs: npt.ArrayLike) -> Floats:
    """log p_y − log max_{j≠y} p_j; low means suspect.

    Probabilities below the smallest normal float32 count as that number, so the range is ±87.4.
    """
    given, rival = _given_and_rival(labels, probs)
    return np.log(np.maximum(given, SMALLEST)) - np.log(np.maximum(rival, SMALLEST))


def _confident_class(y: Ints, p: Floats) -> Ints:
    """(n,) the likeliest class j with p_j ≥ t_j, −1 where there is none; t_j = mean p_j over y = j.

    A class nobody was given has no threshold and is never confident. A tie goes to the given label.
    """
    n, k = p.shape
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    counts = np.bincount(y, minlength=k)
    sums = np.bincount(y, weights=p[np.arange(n), y], minlength=k)
    thresholds = np.full(k, np.inf)
    np.divide(sums, counts, out=thresholds, where=counts > 0)
    confident = np.where(p >= thresholds - THRESHOLD_SLACK, p, -1.0)
    best = confident.argmax(axis=1)
    top = confident[np.arange(n), best]
    best = np.where(confident[np.arange(n), y] == top, y, best)
    return np.where(top < 0, -1, best).astype(np.int64)


def suspects(labels: npt.ArrayLike, probs: npt.ArrayLike) -> Bools:
    """(n,) true where the confident class exists and is not the given one: off the joint's diagonal."""
    y, p = checks.labelled(labels, probs)
    confident = _confident_class(y, p)
    off_diagonal: Bools = (confident >= 0) & (confident != y)
    return off_diagonal


def confident_joint(labels: npt.ArrayLike, probs: npt.ArrayLike) -> Ints:
    """(k, k) counts C[i, j] = #{given i, confidently j}; rows without a confident class are not counted."""
    y, p = checks.labelled(labels, probs)
    k = p.shape[1]
    confident = _confident_class(y, p)
    sure = confident >= 0
    return np.bincount(y[sure] * k + confident[sure], minlength=k * k).reshape(k, k).astype(np.int64)
