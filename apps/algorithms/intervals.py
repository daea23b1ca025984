"""An estimate with its interval, and the Wilson score interval of a share."""

from dataclasses import dataclass
from math import sqrt

from scipy.special import ndtri


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds it is believed to lie in; NaN estimate where there are no data."""

    estimate: float
    low: float
    high: float


def two_sided_z(level: float) -> float:
    """The normal quantile that leaves (1 − level)/2 on each side: 1.96 for 0.95."""
    return float(ndtri((1 + level) / 2))


def wilson(share: float, n: float, *, z: float) -> Interval:
    """The p with |share − p| ≤ z·√(p(1 − p)/n), for share in [0, 1] and n > 0, whole or effective.

    Wilson 1927. Never empty and never outside [0, 1], also with no error seen.
    """
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # the bounds meet 0 and 1 exactly in theory; rounding must not move them inside of the estimate
    return Interval(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))
