"""No group is taught away, and none crowds out the others."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from apps.algorithms import checks
from apps.algorithms.checks import Bools, Floats, Ints

LEAST_WEIGHT, MOST_WEIGHT = 0.25, 4.0
LEAST_SHARE, MOST_SHARE = 0.5, 2.0  # of the group's share of the population


@dataclass(frozen=True)
class GroupShares:
    """Row weights after bounding (n,), and per group code (g,) what became of it."""

    weights: Floats
    population: Floats
    share: Floats  # of all weight
    within_bounds: Bools  # false where no weights in [0.25, 4] could keep the bounds


def bound_shares(weights: npt.ArrayLike, groups: npt.ArrayLike, population: npt.ArrayLike) -> GroupShares:
    """Change weights as little as needed, so that each group's share of them is ½ to 2 × its population's.

    weights (n,) in [0.25, 4] of the rows that are taught, groups (n,) codes, population (g,) shares
    summing to 1. Group shares become clip(s·share, ½P, 2P) with the one s that makes them sum to 1; a
    group's rows are scaled by one factor and stay in [0.25, 4]. Groups without taught rows have share
    0 and bind the others to nothing. The clipped shares are the nearest within the bounds by KL divergence
    (I-projection, Csiszár 1975). ValueError on weights out of range.
    """
    w = checks.within("weights", weights, LEAST_WEIGHT, MOST_WEIGHT)
    full = checks.probabilities("population", np.atleast_2d([*np.asarray(population, np.float64), 0.0]))[
        0, :-1
    ]
    group = checks.codes("groups", groups, below=len(full))
    checks.same_length(weights=w, groups=group)
    rows = np.bincount(group, minlength=len(full))
    if len(w) == 0 or full[rows > 0].sum() == 0:
        return GroupShares(w, full, np.zeros(len(full)), full == 0)
    mass = np.bincount(group, weights=w, minlength=len(full))
    target = _target_shares(mass / mass.sum(), np.where(rows > 0, full, 0.0))
    bounded = w if np.allclose(target * mass.sum(), mass) else _rescale(w, group, rows, target)
    share = np.bincount(group, weights=bounded, minlength=len(full)) / bounded.sum()
    fits = (share >= LEAST_SHARE * full - 1e-6) & (share <= MOST_SHARE * full + 1e-6)
    return GroupShares(bounded, full, share, fits)


def _target_shares(share: Floats, population: Floats) -> Floats:
    present = population / population.sum()
    low, high = LEAST_SHARE * present, MOST_SHARE * present

    def excess(log_scale: float) -> float:
        return float(np.clip(np.exp(log_scale) * share, low, high).sum() - 1)

    # at e^±50 every group with weight sits on a bound, and the bounds sum to ½ and 2
    scale = float(np.exp(brentq(excess, -50.0, 50.0, xtol=1e-13)))
    return np.clip(scale * share, low, high)


def _rescale(w: Floats, group: Ints, rows: Ints, target: Floats) -> Floats:
    """Scale each group's rows to its target share of a total that all groups can reach, if there is one."""
    used = np.flatnonzero((rows > 0) & (target > 0))
    least = (LEAST_WEIGHT * rows[used] / target[used]).max()
    most = (MOST_WEIGHT * rows[used] / target[used]).min()
    total = min(max(w.sum(), least), most)
    bounded = np.full(len(w), LEAST_WEIGHT)
    for code in used:
        mine = group == code
        bounded[mine] = _scale_to(w[mine], target[code] * total)
    return bounded


def _scale_to(w: Floats, total: float) -> Floats:
    """clip(f·w) with the factor f that makes it sum to `total`, or the nearest sum the bounds allow."""

    def excess(log_factor: float) -> float:
        return float(np.clip(np.exp(log_factor) * w, LEAST_WEIGHT, MOST_WEIGHT).sum() - total)

    span = float(np.log(MOST_WEIGHT / LEAST_WEIGHT))
    if excess(-span) >= 0:
        return np.full(len(w), LEAST_WEIGHT)
    if excess(span) <= 0:
        return np.full(len(w), MOST_WEIGHT)
    scaled: Floats = float(np.exp(brentq(excess, -span, span, xtol=1e-13))) * w
    return np.clip(scaled, LEAST_WEIGHT, MOST_WEIGHT)
