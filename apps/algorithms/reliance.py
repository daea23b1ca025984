"""Does a person lean on the model too much, or too little? The answer before they saw its word, and the one after.

*Switching* needs no truth: of the answers that differed from the model's, how many took it over ("switch fraction",
Yin, Wortman Vaughan & Wallach, CHI 2019). It says how strongly the model pulls, not whether it should.

*Right reliance* needs the truth of some: to switch to a model that is wrong is over-reliance, to stay against one that
is right is under-reliance. Schemmer et al., IUI 2023: their relative AI reliance is 1 − `under`; their relative
self-reliance is 1 − `over` among the answers that were right at first.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.algorithms import checks
from apps.algorithms.checks import Bools, Ints
from apps.algorithms.comparison import proportion_interval

NONE = -1


@dataclass(frozen=True)
class Share:
    """`k` of `n` answers, and that share with its Wilson interval; None where there is nothing to share."""

    k: int
    n: int
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Reliance:
    """Each share has its own n: only answers that could go that way are among them."""

    toward: Share  # of those that differed from the model's: took it over
    away: Share  # of those that agreed with the model's: left it
    over: Share  # of those that differed from a model known to be wrong: took it over all the same
    under: Share  # of those that differed from a model known to be right: did not take it over


def reliance(
    first: npt.ArrayLike,
    advice: npt.ArrayLike,
    final: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> Reliance:
    """(n,) codes each: the answer before, the model's label, the answer after, the truth → `Reliance`.

    −1 stands for no label in `final` (it neither is the model's nor stayed) and for an unknown `truth`. ValueError on
    arrays of different length, and where `first` or `advice` has no label.
    """
    before, said, after, known = (
        _codes("first", first, least=0),
        _codes("advice", advice, least=0),
        _codes("final", final, least=NONE),
        _codes("truth", truth, least=NONE),
    )
    checks.same_length(first=before, advice=said, final=after, truth=known)
    differed, took = before != said, after == said
    wrong = differed & (known != NONE) & (known != said)
    right = differed & (known == said)
    return Reliance(
        toward=_share(took, differed, level),
        away=_share(~took, ~differed, level),
        over=_share(took, wrong, level),
        under=_share(~took, right, level),
    )


def _codes(name: str, values: npt.ArrayLike, *, least: int) -> Ints:
    return checks.within(name, values, least, np.iinfo(np.int32).max).astype(np.int64)


def _share(event: Bools, among: Bools, level: float) -> Share:
    k, n = int((event & among).sum()), int(among.sum())
    if n == 0:
        return Share(k, n)
    its = proportion_interval(k, n, level=level)
    return Share(k, n, its.estimate, its.low, its.high)
