"""How often is a person right, and how sure are we? Beta posteriors from gold answers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from apps.algorithms import checks
from apps.algorithms.checks import Floats

UNIFORM = (1.0, 1.0)


@dataclass(frozen=True)
class Competence:
    """Posterior mean and equal-tailed interval, each of the input's length, in [0, 1]."""

    mean: Floats
    low: Floats
    high: Floats


def _posterior(right: Floats, wrong: Floats, prior: tuple[float, float], level: float) -> Competence:
    a, b = right + prior[0], wrong + prior[1]
    tail = (1 - checks.share("level", level)) / 2
    low, high = beta.ppf(tail, a, b), beta.ppf(1 - tail, a, b)
    return Competence(a / (a + b), np.asarray(low, np.float64), np.asarray(high, np.float64))


def _check_law(prior: tuple[float, float], forgetting: float) -> None:
    if len(prior) != 2 or not all(np.isfinite(prior)) or min(prior) <= 0:
        raise ValueError(f"prior is {prior}: give two positive numbers (a, b).")
    if not 0 < forgetting <= 1:
        raise ValueError(
            f"forgetting is {forgetting}: give a number above 0 and at most 1 (1 forgets nothing)."
        )


def beta_posterior(
    correct: npt.ArrayLike,
    total: npt.ArrayLike,
    *,
    prior: tuple[float, float] = UNIFORM,
    forgetting: float = 1.0,
    level: float = 0.95,
) -> Competence:
    """Beta(a + correct, b + total − correct) per person: (n,) counts → (n,) mean, low, high.
    With counts (n, t) of t periods, oldest first, a period's evidence counts γ^age; the prior is not
    forgotten, so a person unseen for long drifts back to it. ValueError on negative counts, more
    correct than total, or forgetting without periods.
    """
    _check_law(prior, forgetting)
    ndim = np.asarray(total).ndim
    if not (ndim == 2 or (ndim == 1 and forgetting == 1)):
        raise ValueError(
            "Forgetting needs periods: give correct and total as (people, periods), oldest first."
        )
    right = checks.within("correct", correct, 0, np.inf, ndim=ndim)
    asked = checks.within("total", total, 0, np.inf, ndim=ndim)
    if right.shape != asked.shape:
        raise ValueError(f"correct is {right.shape} but total is {asked.shape}: give both the same shape.")
    if (right > asked).any():
        row = int(np.argwhere(right > asked)[0][0])
        raise ValueError(f"Row {row} has more correct than total: count both over the same answers.")
    if ndim == 2:
        age = forgetting ** np.arange(right.shape[1] - 1, -1, -1)
        right, asked = right @ age, asked @ age
    return _posterior(right, asked - right, prior, level)
