"""Is the candidate's loss no worse than the baseline's on the same examples? A paired mean with its interval."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy.typing as npt
from scipy.stats import t as student

from apps.algorithms import checks


@dataclass(frozen=True)
class LossComparison:
    """Verdict on candidate − baseline loss (lower is better); the interval is two-sided at level 1 − 2α."""

    verdict: Literal["pass", "fail", "not_enough_evidence"]
    estimate: float
    low: float
    high: float
    n: int


def paired_difference(
    baseline: npt.ArrayLike, candidate: npt.ArrayLike, *, margin: float, alpha: float = 0.05
) -> LossComparison:
    """Mean paired difference of losses (n,) with Student's interval; pass when its high end is below `margin`.

    fail when its low end is above the margin, else not enough evidence, as with fewer than two rows.
    margin > 0 in units of the loss, alpha in (0, ½). ValueError on malformed rows.
    """
    checks.share("alpha", alpha)
    before, after = checks.finite("baseline", baseline), checks.finite("candidate", candidate)
    n = checks.same_length(baseline=before, candidate=after)
    if n < 2:
        return LossComparison("not_enough_evidence", float("nan"), float("-inf"), float("inf"), n)
    difference = after - before
    mean = float(difference.mean())
    half = float(student.ppf(1 - alpha, n - 1)) * float(difference.std(ddof=1)) / sqrt(n)
    low, high = mean - half, mean + half
    if high < margin:
        return LossComparison("pass", mean, low, high, n)
    return LossComparison("fail" if low > margin else "not_enough_evidence", mean, low, high, n)
