"""Spread picks over the embedding space, so that a batch does not ask the same thing ten times."""

from collections.abc import Callable

import numpy as np

from apps.algorithms.checks import Floats, Ints


def spread_order(
    scores: Floats, embeddings: Floats, *, rng: np.random.Generator, stop: Callable[[Ints], bool]
) -> Ints:
    """Uncertainty-weighted k-means++: scores (n,), embeddings (n, d) → positions in picking order.

    The next pick is drawn with probability ∝ u·d²: u is the score scaled to [0.05, 1] over the
    candidates, d the distance to the nearest earlier pick. Rows that equal an earlier pick come last,
    by score. Picking ends when `stop(picked so far)` is true or no row is left. O(picks·n·d).
    Arthur & Vassilvitskii 2007; weighting as in Clue, Prabhu et al. 2021.
    """
    low, high = (scores.min(), scores.max()) if len(scores) else (0.0, 0.0)
    weight = 0.05 + 0.95 * (scores - low) / (high - low) if high > low else np.ones(len(scores))
    nearest = np.ones(len(scores))  # before the first pick all rows are equally far
    left = np.ones(len(scores), np.bool_)
    picks: list[int] = []
    while left.any() and not stop(np.array(picks, np.int64)):
        mass = np.where(left, weight * nearest, 0.0)
        total = mass.sum()
        if total > 0:
            new = int(np.searchsorted(np.cumsum(mass), rng.random() * total, side="right"))
            new = min(new, int(np.flatnonzero(mass)[-1]))  # rounding may point past the last row with mass
        else:
            new = int(np.where(left, scores, -np.inf).argmax())
        distance = ((embeddings - embeddings[new]) ** 2).sum(axis=1)
        nearest = distance if not picks else np.minimum(nearest, distance)
        left[new] = False
        picks.append(new)
    return np.array(picks, np.int64)
