"""Which rows shall people see? First an audit sample, then what the scores want.

The audit sample is simple random sampling without replacement over the whole frame (within each
stratum, when strata are given): its inclusion probability π = drawn / frame is exact. Everything
else is marked `certainty` with π = NaN: those rows speak for themselves only.

The ranking walks over the whole frame, audit rows included, without looking at the audit draw, and
passes over a row that the audit already took. So the rows it reached are known completely, and the
audit rows it did not reach stay a simple random sample of all rows it did not reach: `reached`
marks them for `estimation.error_rate`. Scores: higher = more wanted; equal scores in row order.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.algorithms import checks
from apps.algorithms.checks import Bools, Floats, Ints, Strings
from apps.algorithms.spread import spread_order

AUDIT, CERTAINTY = "audit", "certainty"
# spreading looks at this many candidates per pick: wider drowns the score, narrower leaves no choice
PREFILTER = 10


@dataclass(frozen=True)
class Selection:
    """Picks in order, the audit sample first; all arrays (m,)."""

    indices: Ints
    stratum: Strings  # "audit" or "certainty"
    inclusion_probability: Floats  # exact for audit rows, NaN for certainty rows
    reason: Strings  # "audit", or the name of the score that wanted the row
    reached: Bools  # the ranking got to this row: true for all certainty and some audit rows


def audit_sample(
    n_frame: int, *, n: int, rng: np.random.Generator, strata: npt.ArrayLike | None = None
) -> Selection:
    """`n` of `n_frame` rows by simple random sampling without replacement; π = n / n_frame.

    With `strata` (n_frame,) codes, `n` is shared out in proportion (largest remainder, at least one
    each) and π is exact per stratum. ValueError when n is 0, above n_frame or below the strata.
    """
    checks.whole("n (the audit sample)", n, at_least=1)
    if n > n_frame:
        raise ValueError(
            f"The audit sample of {n} is larger than the frame of {n_frame} rows: ask for fewer."
        )
    code = np.zeros(n_frame, np.int64) if strata is None else checks.codes("strata", strata)
    checks.same_length(frame=np.arange(n_frame), strata=code)
    names, sizes = np.unique(code, return_counts=True)
    counts = _allocate(n, sizes)
    drawn = [
        rng.choice(np.flatnonzero(code == name), size=count, replace=False)
        for name, count in zip(names, counts, strict=True)
    ]
    return _selection(
        np.concatenate(drawn), np.repeat(counts / sizes, counts), [], np.zeros(n_frame, np.bool_)
    )


def _allocate(n: int, sizes: Ints) -> Ints:
    """Share `n` out over strata in proportion to their sizes, at least one each, never above a size."""
    if n < len(sizes):
        raise ValueError(f"{n} audit rows cannot cover {len(sizes)} strata: ask for at least one each.")
    ideal = n * sizes / sizes.sum()
    counts: Ints = np.maximum(np.floor(ideal).astype(np.int64), 1)
    while counts.sum() != n:
        step = 1 if counts.sum() < n else -1
        movable = counts < sizes if step > 0 else counts > 1
        gap = np.where(movable, step * (ideal - counts), -np.inf)
        counts[int(gap.argmax())] += step
    return counts


def select(
    scores: npt.ArrayLike,
    *,
    n: int,
    audit: int,
    rng: np.random.Generator,
    embeddings: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
) -> Selection:
    """`audit` rows at random, then the `n` most wanted of the rest: audit + n rows in all.

    scores (N,), embeddings (N, d) or None, strata (N,) codes for the audit draw or None.
    With embeddings the picks are spread: uncertainty-weighted k-means++ over the top
    10·n + audit rows. ValueError when audit + n exceeds N, or on malformed input.
    """
    wanted = checks.finite("scores", scores)
    checks.whole("n", n)
    if audit + n > len(wanted):
        raise ValueError(f"audit + n = {audit + n} exceeds the frame of {len(wanted)} rows: ask for fewer.")
    sample = audit_sample(len(wanted), n=audit, rng=rng, strata=strata)
    walk = _Walk(sample, len(wanted), embeddings, rng)
    walk.pick("score", wanted, n, np.ones(len(wanted), np.bool_))
    return walk.result()


def select_mix(
    scores: Mapping[str, npt.ArrayLike],
    budgets: Mapping[str, int],
    *,
    audit: int,
    rng: np.random.Generator,
    embeddings: npt.ArrayLike | None = None,
    eligible: Mapping[str, npt.ArrayLike] | None = None,
) -> Selection:
    """`audit` rows at random, then each reason in the order of `scores` picks up to its budget.

    A reason picks among the rows that are `eligible` for it (N,) and that nobody picked before; a
    budget is a ceiling, so a reason that runs out of rows picks fewer. Eligibility must not
    depend on the audit draw. ValueError when budgets, scores and eligible name different reasons.
    """
    masks = dict(eligible or {})
    if set(budgets) != set(scores) or not set(masks) <= set(scores) or AUDIT in scores:
        raise ValueError(
            f"Reasons differ: scores {sorted(scores)}, budgets {sorted(budgets)}, eligible "
            f"{sorted(masks)}. Give each reason a score and a budget; 'audit' is taken."
        )
    wanted = {reason: checks.finite(f"scores[{reason}]", values) for reason, values in scores.items()}
    n_frame = checks.same_length(**wanted) if wanted else 0
    walk = _Walk(audit_sample(n_frame, n=audit, rng=rng), n_frame, embeddings, rng)
    for reason, values in wanted.items():
        everyone = np.ones(n_frame, np.bool_)
        mask = checks.flags(f"eligible[{reason}]", masks.get(reason, everyone))
        checks.same_length(scores=values, eligible=mask)
        walk.pick(reason, values, checks.whole(f"budgets[{reason}]", budgets[reason]), mask)
    return walk.result()


class _Walk:
    """The ranking's way over the frame: picks what the audit sample has not taken already."""

    def __init__(
        self, sample: Selection, n_frame: int, embeddings: npt.ArrayLike | None, rng: np.random.Generator
    ) -> None:
        self.sample, self.rng = sample, rng
        self.audited = np.zeros(n_frame, np.bool_)
        self.audited[sample.indices] = True
        self.reached = np.zeros(n_frame, np.bool_)
        self.picks: list[tuple[str, Ints]] = []
        self.embeddings = None if embeddings is None else checks.finite("embeddings", embeddings, ndim=2)
        if self.embeddings is not None:
            checks.same_length(scores=self.reached, embeddings=self.embeddings)

    def pick(self, reason: str, scores: Floats, n: int, eligible: Bools) -> None:
        """Walk down the eligible rows not reached yet until `n` rows outside the audit are found."""
        candidates = np.flatnonzero(eligible & ~self.reached)
        order = candidates[np.argsort(-scores[candidates], kind="stable")]
        if self.embeddings is not None and n > 0:
            # room for every audit row, so that n picks are left whichever rows the audit drew
            order = order[: PREFILTER * n + len(self.sample.indices)]
            order = order[
                spread_order(
                    scores[order],
                    self.embeddings[order],
                    rng=self.rng,
                    stop=lambda picks: self._fresh(order[picks]) >= n,
                )
            ]
        fresh = np.cumsum(~self.audited[order])
        walked = order[: int(np.searchsorted(fresh, n)) + 1] if n > 0 else order[:0]
        self.reached[walked] = True
        self.picks.append((reason, walked[~self.audited[walked]]))

    def _fresh(self, rows: Ints) -> int:
        return int((~self.audited[rows]).sum())

    def result(self) -> Selection:
        return _selection(self.sample.indices, self.sample.inclusion_probability, self.picks, self.reached)


def _selection(audit: Ints, pi: Floats, picks: list[tuple[str, Ints]], reached: Bools) -> Selection:
    indices = np.concatenate([audit, *(rows for _, rows in picks)]).astype(np.int64)
    certain = len(indices) - len(audit)
    reasons = [AUDIT] * len(audit) + [reason for reason, rows in picks for _ in rows]
    return Selection(
        indices=indices,
        stratum=np.array([AUDIT] * len(audit) + [CERTAINTY] * certain, dtype=np.str_),
        inclusion_probability=np.concatenate([pi, np.full(certain, np.nan)]),
        reason=np.array(reasons, dtype=np.str_),
        reached=reached[indices],
    )
