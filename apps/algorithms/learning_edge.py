"""What can a model learn from now: not what it has learned, and not what is beyond it?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from apps.algorithms import checks
from apps.algorithms.checks import Floats, Strings

LEARNED, EDGE, BEYOND = "learned", "edge", "beyond"
LEARNED_ABOVE = 0.9
BEYOND_BELOW = 0.05


@dataclass(frozen=True)
class LearningEdge:
    """Where each row stands; all arrays (n,)."""

    p: Floats  # posterior mean chance of success
    low: Floats
    high: Floats
    attempts: Floats
    zone: Strings  # "learned", "edge" or "beyond"


def edge_value(p: npt.ArrayLike) -> Floats:
    """4p(1 − p), in [0, 1]: 1 at a coin's toss, 0 for what always or never succeeds. (n,) → (n,)."""
    chance = checks.within("p", p, 0, 1)
    return np.asarray(4 * chance * (1 - chance), dtype=np.float64)


def classify(
    correct: npt.ArrayLike, *, attempted: npt.ArrayLike | None = None, level: float = 0.95
) -> LearningEdge:
    """Success per row and attempt (n, t), in [0, 1] → chance, interval and zone (n,).

    `correct` is right/wrong, or the probability of the label (training dynamics), which counts as a
    part of a success. `attempted` (n, t) marks the attempts that were made, by default all. Jeffreys:
    p ~ Beta(½ + successes, ½ + failures); p is its mean, so few attempts stay near ½.
    Learned: p > 0.9 (five straight successes at least). Beyond: p < 0.05 (ten straight failures at
    least). Edge: the rest, what was never tried included.
    """
    success = checks.within("correct", correct, 0, 1, ndim=2)
    made = (
        np.ones(success.shape) if attempted is None else checks.within("attempted", attempted, 0, 1, ndim=2)
    )
    if made.shape != success.shape:
        raise ValueError(
            f"attempted is {made.shape} but correct is {success.shape}: give both the same shape."
        )
    tries = made.sum(axis=1)
    a = 0.5 + (success * made).sum(axis=1)
    b = 0.5 + tries - (success * made).sum(axis=1)
    tail = (1 - checks.share("level", level)) / 2
    p = a / (a + b)
    zone = np.where(p > LEARNED_ABOVE, LEARNED, np.where(p < BEYOND_BELOW, BEYOND, EDGE))
    low, high = beta.ppf(tail, a, b), beta.ppf(1 - tail, a, b)
    return LearningEdge(p, np.asarray(low, np.float64), np.asarray(high, np.float64), tries, zone)
