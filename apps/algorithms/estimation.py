"""How often is the model wrong on the whole frame, judged by answers to a known random sample of it?

Picks made because they look bad say nothing about the rest. Only audit rows (inclusion probability π
known) may speak for rows nobody looked at; rows marked `certainty` (π = NaN) speak for themselves.

*Audit only.* Hájek Σ(e/π)/Σ(1/π) over the audit rows. Certainty rows are left out: adding them as they
are is biased, since the audit, drawn over the whole frame, already holds rows like them.

*Audit and certainty.* With `reached` (from `selection`) and `n_frame`, every row the ranking reached is
a census of itself, audit rows among them, and the audit rows it did not reach are a random sample of
the rest and speak for it: θ = (n_reached·mean_reached + (N − n_reached)·Hájek)/N. Exact for one simple
random audit sample. While reached rows are still unanswered, say by `n_reached` how many there are in
all: the answered ones then stand for the open ones, as if those were left open by chance.

*Prediction-powered.* With f, the model's own estimate of its error, on answered rows (`predicted`) and on
all rows (`predicted_frame`): θ = λ·mean f + Hájek(e − λf), λ in [0, 1] of least estimated variance.
Valid whatever f is, narrower when f is good. Angelopoulos et al. 2023; Särndal et al. 1992.
"""

from dataclasses import dataclass, replace
from math import hypot

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from apps.algorithms import checks
from apps.algorithms.checks import Bools, Floats
from apps.algorithms.intervals import Interval, wilson


@dataclass(frozen=True)
class ErrorRate:
    """Share of the frame that is wrong, with its interval, all in [0, 1]."""

    estimate: float
    low: float
    high: float
    n_sample: int  # audit rows that speak for the unseen rest
    n_census: int  # rows that speak for themselves only and entered the estimate
    n_unused: int  # certainty rows left out, because `reached` was not given
    power: float  # λ in [0, 1]: how far the prediction was trusted, 0 without one


@dataclass(frozen=True)
class _Rows:
    errors: Floats
    inclusion: Floats
    predicted: Floats | None
    rest_mean: float  # mean prediction over the rows that are no census
    sample: Bools  # audit rows that speak for the rest
    census: Bools
    n_frame: int | None
    n_census: int  # rows the ranking reached, answered or not
    n_rest: int | None  # the other rows, unknown without n_frame
    n_unused: int


def error_rate(
    errors: npt.ArrayLike,
    inclusion: npt.ArrayLike,
    predicted: npt.ArrayLike | None = None,
    *,
    predicted_frame: npt.ArrayLike | None = None,
    reached: npt.ArrayLike | None = None,
    n_reached: int | None = None,
    n_frame: int | None = None,
    level: float = 0.95,
) -> ErrorRate:
    """Error rate of the frame from m answered rows: audit only, with certainty rows, prediction-powered.

    errors (m,) in [0, 1]; inclusion (m,) π in (0, 1], NaN for certainty rows; predicted (m,) and
    predicted_frame (N,) in [0, 1]; reached (m,) bool, n_reached its sum or more (default: its sum).
    The module says which apply when, `_interval` and `_together` how the bounds are made. ValueError
    on malformed rows, or no audit row to speak for the rest.
    """
    checks.share("level", level)
    rows = _rows(
        errors, inclusion, predicted, predicted_frame=predicted_frame, reached=reached, n_frame=n_frame
    )
    rows = _with_open_census(rows, n_reached)
    rest, power = _rest(rows, level)
    census = _census_band(rows, level)
    weight = 0.0 if rows.n_frame is None else rows.n_census / rows.n_frame
    band = _together(census, weight, rest)
    n_sample, n_counted = int(rows.sample.sum()), int(rows.census.sum())
    return ErrorRate(band.estimate, band.low, band.high, n_sample, n_counted, rows.n_unused, power)


def _together(census: Interval, weight: float, rest: Interval) -> Interval:
    """The weighted mean of two independent estimates; distances to the bounds add by squares. Zou & Donner 2008."""
    estimate = weight * census.estimate + (1 - weight) * rest.estimate
    below = hypot(weight * (census.estimate - census.low), (1 - weight) * (rest.estimate - rest.low))
    above = hypot(weight * (census.high - census.estimate), (1 - weight) * (rest.high - rest.estimate))
    return Interval(estimate, estimate - below, estimate + above)


def _rows(
    errors: npt.ArrayLike,
    inclusion: npt.ArrayLike,
    predicted: npt.ArrayLike | None,
    *,
    predicted_frame: npt.ArrayLike | None,
    reached: npt.ArrayLike | None,
    n_frame: int | None,
) -> _Rows:
    e, pi = checks.within("errors", errors, 0, 1), _inclusion(inclusion)
    checks.same_length(errors=e, inclusion=pi)
    certain = np.isnan(pi)
    if reached is None:
        census, unused = np.zeros(len(e), np.bool_), int(certain.sum())
    else:
        census, unused = _census(reached, certain, n_frame), 0
    f, frame = _predictions(predicted, predicted_frame, e, n_frame)
    size = len(frame) if frame is not None else n_frame
    n_census = int(census.sum())
    n_rest = None if size is None else size - n_census
    rest_mean = 0.0
    if f is not None and frame is not None and n_rest:
        rest_mean = float((frame.sum() - f[census].sum()) / n_rest)
    return _Rows(e, pi, f, rest_mean, ~census & ~certain, census, size, n_census, n_rest, unused)


def _with_open_census(rows: _Rows, n_reached: int | None) -> _Rows:
    """The same rows with the census as large as the ranking made it; refuses counts that cannot be."""
    answered, seen = rows.n_census, int(rows.sample.sum())
    total = answered if n_reached is None else checks.whole("n_reached", n_reached, at_least=answered)
    if total > answered and (answered == 0 or rows.predicted is not None):
        raise ValueError(
            f"{total - answered} of {total} reached rows are unanswered: answer at least one of them, and "
            "all of them to use predictions; or leave out `reached` and `n_reached`."
        )
    n_rest = None if rows.n_frame is None else rows.n_frame - total
    if (n_rest is not None and n_rest < seen) or (n_rest != 0 and seen == 0):
        raise ValueError(
            f"{seen} audit rows are to speak for {n_rest} unseen or sampled rows: check n_frame and "
            "reached, and answer at least one audit row that the ranking did not reach."
        )
    return replace(rows, n_census=total, n_rest=n_rest)


def _census_band(rows: _Rows, level: float) -> Interval:
    """Error rate of the rows the ranking reached: known when all are answered."""
    known = rows.errors[rows.census]
    if len(known) == 0:
        return Interval(0.0, 0.0, 0.0)
    open_share = 1 - len(known) / rows.n_census
    return _interval(float(known.mean()), known, np.ones(len(known)), level=level, used=1, unseen=open_share)


def _inclusion(inclusion: npt.ArrayLike) -> Floats:
    pi = np.asarray(inclusion, dtype=np.float64)
    if pi.ndim != 1:
        raise ValueError(f"inclusion has {pi.ndim} axes, not 1: give one probability for each answered row.")
    bad = ~np.isnan(pi) & ~((pi > 0) & (pi <= 1))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"inclusion row {row} is {pi[row]}: give a probability above 0, or NaN for certainty rows."
        )
    return pi


def _census(reached: npt.ArrayLike, certain: Bools, n_frame: int | None) -> Bools:
    census = checks.flags("reached", reached)
    checks.same_length(inclusion=certain, reached=census)
    missed = certain & ~census
    if missed.any():
        row = int(np.flatnonzero(missed)[0])
        raise ValueError(
            f"Row {row} is a certainty row but not reached: pass `reached` as the selection gave it."
        )
    if n_frame is None:
        raise ValueError("Census rows need n_frame, the number of rows in the frame, to know their share.")
    return census


def _predictions(
    predicted: npt.ArrayLike | None,
    predicted_frame: npt.ArrayLike | None,
    errors: Floats,
    n_frame: int | None,
) -> tuple[Floats | None, Floats | None]:
    if (predicted is None) != (predicted_frame is None):
        raise ValueError(
            "Give predicted (answered rows) and predicted_frame (all rows) together, or neither."
        )
    if predicted is None or predicted_frame is None:
        return None, None
    f = checks.within("predicted", predicted, 0, 1)
    frame = checks.within("predicted_frame", predicted_frame, 0, 1)
    checks.same_length(errors=errors, predicted=f)
    if n_frame is not None and n_frame != len(frame):
        raise ValueError(
            f"predicted_frame has {len(frame)} rows, n_frame says {n_frame}: give the same frame."
        )
    return f, frame


def _rest(rows: _Rows, level: float) -> tuple[Interval, float]:
    """Error rate of the rows that the ranking did not reach, and λ."""
    if rows.n_rest == 0:
        return Interval(0.0, 0.0, 0.0), 0.0
    e = rows.errors[rows.sample]
    w = 1 / rows.inclusion[rows.sample]
    power, rate, residual, used = 0.0, float(np.average(e, weights=w)), e, 1
    if rows.predicted is not None:
        f = rows.predicted[rows.sample]
        power = _power(e, f, w)
        residual = e - power * f
        rate = power * rows.rest_mean + float(np.average(residual, weights=w))
        used = 2 if power > 0 else 1
    unseen = 1.0 if rows.n_rest is None else 1 - len(e) / rows.n_rest
    # the correction can step outside of [0, 1] when the prediction is far off; a rate cannot
    rate = min(1.0, max(0.0, rate))
    return _interval(rate, residual, w, level=level, used=used, unseen=unseen), power


def _power(e: Floats, f: Floats, w: Floats) -> float:
    """λ = Σu²(e−ē)(f−f̄) / Σu²(f−f̄)², the least linearised variance, held to [0, 1]."""
    centred = f - np.average(f, weights=w)
    variance = float((w**2 * centred**2).sum())
    if variance <= 1e-15 * len(f):
        return 0.0
    return min(1.0, max(0.0, float((w**2 * (e - np.average(e, weights=w)) * centred).sum()) / variance))


def _interval(
    rate: float, residual: Floats, w: Floats, *, level: float, used: int, unseen: float
) -> Interval:
    """Wilson interval on the effective sample size θ(1 − θ)/V, with a t quantile.

    V = m/(m − used)·Σw²(r − r̄)²/(Σw)²·(1 − m/N), the linearised variance of Hájek's ratio with finite
    population correction (without n_frame the last factor is 1). Where no variation was seen, V says 0
    and means "unknown": the size is Kish's (Σw)²/Σw² instead, so that no error seen is not no error.
    """
    m = len(residual)
    if unseen <= 0:
        return Interval(rate, rate, rate)
    centred = residual - np.average(residual, weights=w)
    variance = float((w**2 * centred**2).sum() / w.sum() ** 2) * m / max(m - used, 1) * unseen
    kish = float(w.sum() ** 2 / (w**2).sum()) / unseen
    spread = rate * (1 - rate)
    size = spread / variance if variance > 1e-12 and spread > 0 and m > used else kish
    return wilson(rate, size, z=float(student.ppf((1 + level) / 2, max(m - used, 1))))
