"""Is the candidate as good as the baseline on the same examples? Paired tests that may say "unknown".

b = rows only the candidate got right, c = rows only the baseline got right, n = all rows.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from apps.algorithms import checks
from apps.algorithms.intervals import Interval, two_sided_z, wilson

Verdict = Literal["pass", "fail", "not_enough_evidence"]
POWER = 0.8  # the usual chance to see a difference that is there; states the minimum detectable effect
EDGE = 1 - 1e-9  # the score is defined on the open interval of differences


@dataclass(frozen=True)
class Comparison:
    """Verdict on candidate − baseline accuracy; the interval is two-sided at level 1 − 2α."""

    verdict: Verdict
    p: float  # one-sided, of "worse by the margin or more"
    estimate: float  # (b − c)/n, NaN without rows
    low: float
    high: float
    margin: float
    alpha: float
    minimum_detectable_effect: float  # difference found with 80 % power at this n and discordance
    n: int
    b: int
    c: int


def noninferiority(
    baseline_correct: npt.ArrayLike, candidate_correct: npt.ArrayLike, *, margin: float, alpha: float = 0.05
) -> Comparison:
    """Tango's score test that the candidate is not worse by `margin` or more; (n,) true/false each.

    pass: z > z_α, the same as low > −margin. fail: high < −margin, worse by more than the margin is
    shown. Otherwise not enough evidence, also where a loss smaller than the margin is certain: more
    rows may still show that it is within the margin. No rows: not enough evidence, p = 1.
    margin in (0, 1), alpha in (0, ½). Tango 1998.
    """
    pairs = b, c, n = _discordant(baseline_correct, candidate_correct)
    delta, alpha = checks.share("margin", margin), _one_sided(alpha)
    if n == 0:
        return _summary("not_enough_evidence", 1.0, pairs, margin=delta, alpha=alpha)
    z = tango_score(b, c, n, -delta)
    result = _summary("not_enough_evidence", float(ndtr(-z)), pairs, margin=delta, alpha=alpha)
    if z > ndtri(1 - alpha):
        return _summary("pass", result.p, pairs, margin=delta, alpha=alpha)
    if result.high < -delta:
        return _summary("fail", result.p, pairs, margin=delta, alpha=alpha)
    return result


def superiority(
    baseline_correct: npt.ArrayLike, candidate_correct: npt.ArrayLike, *, alpha: float = 0.05
) -> Comparison:
    """McNemar's mid-p test that the candidate is better; (n,) true/false each.

    B ~ Binomial(b + c, ½) when both are equally good; p = P(B > b) + ½P(B = b). pass: p < α; fail: the
    same test finds the baseline better; otherwise not enough evidence. The interval is Tango's and may
    disagree by a row at the border. Fagerland, Lydersen & Laake 2013.
    """
    pairs = b, c, _ = _discordant(baseline_correct, candidate_correct)
    alpha = _one_sided(alpha)
    tie = 0.5 * float(binom.pmf(b, b + c, 0.5))
    better = float(binom.sf(b, b + c, 0.5)) + tie
    worse = float(binom.sf(c, b + c, 0.5)) + tie
    verdict: Verdict = "pass" if better < alpha else "fail" if worse < alpha else "not_enough_evidence"
    return _summary(verdict, better, pairs, margin=0.0, alpha=alpha)


def tango_score(b: int, c: int, n: int, difference: float) -> float:
    """z of "candidate − baseline = difference" in (−1, 1); large when the candidate is better than that.

    With δ = −difference: z = (b − c + nδ)/√(n(2q − δ(1 + δ))), q the larger root of
    2n·q² + Bq + cδ(1 + δ) = 0, B = −b − c − (2n − b + c)δ: the probability of "only the baseline is
    right" of greatest likelihood under the hypothesis. 0 where nothing was observed against it.
    """
    delta = -difference
    linear = -b - c - (2 * n - b + c) * delta
    root = sqrt(max(linear**2 - 8 * n * c * delta * (1 + delta), 0.0))
    q = (root - linear) / (4 * n)
    variance = n * (2 * q - delta * (1 + delta))
    distance = b - c + n * delta
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-12 else float(np.copysign(np.inf, distance))
    return float(distance / sqrt(variance))


def difference_interval(b: int, c: int, n: int, *, z: float) -> Interval:
    """The differences with |tango_score| ≤ z: Tango's score interval, in [−1, 1]; n = 0 gives all of it."""
    if n == 0:
        return Interval(float("nan"), -1.0, 1.0)

    def crossing(target: float, outer: float) -> float:
        start, stop = sorted((outer * EDGE, min(max((b - c) / n, -EDGE), EDGE)))
        gap = [tango_score(b, c, n, end) - target for end in (start, stop)]
        if gap[0] * gap[1] > 0:  # the score never reaches the target: everything up to the edge is possible
            return outer
        return float(brentq(lambda d: tango_score(b, c, n, d) - target, start, stop, xtol=1e-12))

    return Interval((b - c) / n, crossing(z, -1.0), crossing(-z, 1.0))


def minimum_detectable_effect(b: int, c: int, n: int, *, alpha: float) -> float:
    """(z_α + z_β)·√(p_d/n) at 80 % power, at most 1; from n ≈ (z_α + z_β)²·p_d/δ².

    p_d is the observed share of discordant rows, at least one row: none seen is not none possible.
    """
    if n == 0:
        return 1.0
    return min(1.0, float(ndtri(1 - alpha) + ndtri(POWER)) * sqrt(max(b + c, 1) / n / n))


def proportion_interval(k: int, n: int, *, level: float = 0.95) -> Interval:
    """Wilson score interval of k out of n; estimate NaN and interval [0, 1] for n = 0. Wilson 1927."""
    checks.whole("k", k)
    if k > checks.whole("n", n):
        raise ValueError(f"k = {k} exceeds n = {n}: count both over the same rows.")
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0)
    return wilson(k / n, n, z=two_sided_z(checks.share("level", level)))


def _discordant(baseline_correct: npt.ArrayLike, candidate_correct: npt.ArrayLike) -> tuple[int, int, int]:
    baseline = checks.flags("baseline_correct", baseline_correct)
    candidate = checks.flags("candidate_correct", candidate_correct)
    n = checks.same_length(baseline_correct=baseline, candidate_correct=candidate)
    return int((candidate & ~baseline).sum()), int((baseline & ~candidate).sum()), n


def _one_sided(alpha: float) -> float:
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}: give an error rate above 0 and below 0.5.")
    return float(alpha)


def _summary(
    verdict: Verdict, p: float, pairs: tuple[int, int, int], *, margin: float, alpha: float
) -> Comparison:
    b, c, n = pairs
    band = difference_interval(b, c, n, z=float(ndtri(1 - alpha)))
    effect = minimum_detectable_effect(b, c, n, alpha=alpha)
    return Comparison(verdict, p, band.estimate, band.low, band.high, margin, alpha, effect, n, b, c)
