"""Do people agree beyond what chance would give? Krippendorff's alpha with an item bootstrap."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from apps.algorithms import checks
from apps.algorithms.checks import Floats
from apps.algorithms.intervals import Interval

Level = Literal["nominal", "ordinal", "interval"]
# resamples held in memory at once: bounds it to this many rows of tasks
CHUNK = 100


def krippendorff_alpha(
    tasks: npt.ArrayLike,
    annotators: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    level: Level = "nominal",
    rng: np.random.Generator,
    n_boot: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """α = 1 − D_o/D_e: 1 is perfect, 0 is chance, below 0 is systematic disagreement.

    All arrays (m,), one row per answer; missing answers are simply absent. Tasks with one answer
    cannot be paired and are left out. The bounds are percentiles over `n_boot` resamples of tasks,
    those without any variation left out. Estimate is NaN where α is not defined: no task has two
    answers, or all paired answers are the same; bounds are NaN as well with fewer than two paired
    tasks. Never read α alone: prevalence distorts it. Krippendorff 2004, 2011.
    """
    if level not in ("nominal", "ordinal", "interval"):
        raise ValueError(f"level is {level!r}: give 'nominal', 'ordinal' or 'interval'.")
    counts, scale = _paired_counts(tasks, annotators, checks.finite("values", values))
    units = len(counts)
    if units == 0:
        return Interval(np.nan, np.nan, np.nan)
    estimate = float(_alpha(np.ones((1, units)), counts, scale, level)[0])
    if units < 2 or checks.whole("n_boot", n_boot) == 0:
        return Interval(estimate, np.nan, np.nan)
    checks.share("confidence", confidence)
    low, high = _bootstrap(counts, scale, level, rng=rng, n_boot=n_boot, confidence=confidence)
    return Interval(estimate, low, high)


def _paired_counts(tasks: npt.ArrayLike, annotators: npt.ArrayLike, values: Floats) -> tuple[Floats, Floats]:
    """(u, v) answers per paired task and distinct value, and the (v,) values in ascending order."""
    task_ids, people = np.asarray(tasks), np.asarray(annotators)
    checks.one_answer_each(task_ids, people)
    checks.same_length(tasks=task_ids, values=values)
    names, task = np.unique(task_ids, return_inverse=True)
    scale, value = np.unique(values, return_inverse=True)
    counts = np.zeros((len(names), len(scale)))
    np.add.at(counts, (task, value), 1.0)
    return counts[counts.sum(axis=1) >= 2], scale


def _alpha(times: Floats, counts: Floats, scale: Floats, level: Level) -> Floats:
    """α of each resample: times (b, u) says how often each task was drawn → (b,).

    With one position x per value, Σ over ordered pairs of (x − x')² in a task of m answers is
    2(m·Σx² − (Σx)²). Ordinal distance is interval distance between mid-ranks of the resample's own
    counts; nominal distance is m² − Σ(count²).
    """
    size = counts.sum(axis=1)
    totals = times @ counts
    n = totals.sum(axis=1)
    if level == "nominal":
        within = times @ ((size**2 - (counts**2).sum(axis=1)) / (size - 1))
        overall = n**2 - (totals**2).sum(axis=1)
    else:
        x = np.broadcast_to(scale - scale.mean(), totals.shape)  # centred, or large values lose digits
        if level == "ordinal":
            x = np.cumsum(totals, axis=1) - totals / 2
        spread = 2 * (size * (x**2 @ counts.T) - (x @ counts.T) ** 2)
        within = (times * spread / (size - 1)).sum(axis=1)
        overall = 2 * (n * (totals * x**2).sum(axis=1) - (totals * x).sum(axis=1) ** 2)
    varied = (totals > 0).sum(axis=1) > 1
    ratio = np.divide((n - 1) * within, overall, out=np.full(len(n), np.nan), where=varied)
    return np.asarray(1 - ratio, dtype=np.float64)


def _bootstrap(
    counts: Floats, scale: Floats, level: Level, *, rng: np.random.Generator, n_boot: int, confidence: float
) -> tuple[float, float]:
    units = len(counts)
    even = np.full(units, 1 / units)
    chunks = [
        _alpha(
            rng.multinomial(units, even, size=min(CHUNK, n_boot - start)).astype(np.float64),
            counts,
            scale,
            level,
        )
        for start in range(0, n_boot, CHUNK)
    ]
    alphas = np.concatenate(chunks)
    alphas = alphas[~np.isnan(alphas)]
    if len(alphas) == 0:
        return np.nan, np.nan
    low, high = np.quantile(alphas, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
