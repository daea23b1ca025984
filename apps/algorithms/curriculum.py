"""From signals to stages: what is taught, when, how strongly and why.

The law, row by row, the first that applies:

| row | stage | weight | reason |
|---|---|---|---|
| no label known | held out | 0 | no_label |
| label suspected wrong, nobody looked | held out | 0 | unreviewed_suspect |
| people corrected the label | 2 corrections | 2 | corrected |
| people confirmed the label, p ≤ 0.9 | 1 learning edge | 1 + 4p(1 − p), in [1, 2] | confirmed_hard |
| p < 0.05, nobody looked | 1 learning edge | 0.25 | beyond |
| p ≤ 0.9, nobody looked | 1 learning edge | 1 + 4p(1 − p), in [1, 2] | edge |
| p > 0.9 | 0 foundations (and replay) | 1 | foundation |

p is the model's probability of the label that will be taught. Likely noise is never weighted up: it is
held out while suspected, and taught least while merely beyond the model. Then group shares of all weight
are bounded to ½–2 × the group's share of the rows with a label (`group_shares`), within weights of
0.25–4.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.algorithms import checks
from apps.algorithms.checks import Bools, Floats, Ints, Strings
from apps.algorithms.group_shares import LEAST_WEIGHT, GroupShares, bound_shares
from apps.algorithms.learning_edge import BEYOND_BELOW, LEARNED_ABOVE, edge_value

STAGES = ("foundations", "learning edge", "corrections")
HELD_OUT = -1
CORRECTION_WEIGHT = 2.0


@dataclass(frozen=True)
class StagePlan:
    """One entry per row in (n,) arrays, and one per group code in (g,) arrays."""

    stage: Ints  # index into STAGES, −1 held out
    weight: Floats  # in [0.25, 4]; 0 for rows held out
    reason: Strings
    population_share: Floats  # (g,) share of the rows with a label
    sampling_share: Floats  # (g,) share of all weight
    within_bounds: Bools  # (g,) false where no weights in range could keep the bounds


def stage_plan(
    *,
    label_known: npt.ArrayLike,
    p_label: npt.ArrayLike,
    suspect: npt.ArrayLike,
    reviewed: npt.ArrayLike,
    corrected: npt.ArrayLike,
    group: npt.ArrayLike | None = None,
) -> StagePlan:
    """Stage, weight and reason per row, from (n,) signals; the law stands in this module's docstring.

    p_label in [0, 1] is ignored where no label is known. `suspect`: the label is suspected wrong.
    `reviewed`: people settled the label; `corrected`: they changed it or gave the first one. `group`:
    codes from 0, by default one group. ValueError on malformed rows, or corrected but not reviewed.
    """
    known, doubt = checks.flags("label_known", label_known), checks.flags("suspect", suspect)
    seen, mended = checks.flags("reviewed", reviewed), checks.flags("corrected", corrected)
    p = checks.within("p_label", p_label, 0, 1)
    n = checks.same_length(label_known=known, p_label=p, suspect=doubt, reviewed=seen, corrected=mended)
    code = np.zeros(n, np.int64) if group is None else checks.codes("group", group)
    checks.same_length(label_known=known, group=code)
    _refuse_odd_corrections(mended, seen & known)
    stage, weight, reason = _law(known, p, doubt & ~seen, seen, mended)
    shares = _bounded(stage, weight, code, known)
    taught = stage != HELD_OUT
    weight[taught] = shares.weights
    return StagePlan(stage, weight, reason, shares.population, shares.share, shares.within_bounds)


def _refuse_odd_corrections(mended: Bools, settled: Bools) -> None:
    odd = mended & ~settled
    if odd.any():
        raise ValueError(
            f"Row {int(np.flatnonzero(odd)[0])} is corrected, but not both reviewed and label_known: "
            "a correction is a review that settles the label."
        )


def _law(
    known: Bools, p: Floats, doubtful: Bools, seen: Bools, mended: Bools
) -> tuple[Ints, Floats, Strings]:
    rules = [
        (~known, HELD_OUT, np.zeros(len(p)), "no_label"),
        (doubtful, HELD_OUT, np.zeros(len(p)), "unreviewed_suspect"),
        (mended, 2, np.full(len(p), CORRECTION_WEIGHT), "corrected"),
        (seen & (p <= LEARNED_ABOVE), 1, 1 + edge_value(p), "confirmed_hard"),
        (p < BEYOND_BELOW, 1, np.full(len(p), LEAST_WEIGHT), "beyond"),
        (p <= LEARNED_ABOVE, 1, 1 + edge_value(p), "edge"),
        (p > LEARNED_ABOVE, 0, np.ones(len(p)), "foundation"),
    ]
    cases = [rule[0] for rule in rules]
    stage = np.select(cases, [np.full(len(p), rule[1]) for rule in rules]).astype(np.int64)
    weight = np.select(cases, [rule[2] for rule in rules])
    reason = np.select(cases, [np.full(len(p), rule[3]) for rule in rules], default="")
    return stage, weight.astype(np.float64), reason.astype(np.str_)


def _bounded(stage: Ints, weight: Floats, code: Ints, known: Bools) -> GroupShares:
    taught = stage != HELD_OUT
    n_groups = int(code.max()) + 1 if len(code) else 1
    rows = np.bincount(code[known], minlength=n_groups)
    if rows.sum() == 0:
        nothing = np.zeros(n_groups)
        return GroupShares(weight[taught], nothing, nothing, np.ones(n_groups, np.bool_))
    return bound_shares(weight[taught], code[taught], rows / rows.sum())
