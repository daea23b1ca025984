"""How unsure is a model of its own answer? probs (n, k) → (n,). ValueError on malformed rows."""

import numpy as np
import numpy.typing as npt
from scipy.special import entr

from apps.algorithms import checks
from apps.algorithms.checks import Floats


def margin(probs: npt.ArrayLike) -> Floats:
    """Margin of the top two classes, (n, k) → (n,), in [0, 1]; low means unsure. Scheffer et al. 2001."""
    p = checks.probabilities("probs", probs)
    top = np.partition(p, -2, axis=1)
    return top[:, -1] - top[:, -2]


def entropy(probs: npt.ArrayLike) -> Floats:
    """−Σ p log p / log k, (n, k) → (n,), in [0, 1]; high means unsure. Shannon 1948.

    Rows may sum to 1 ± 1e-3, so a uniform row can pass 1 by as much; it is held at 1.
    """
    p = checks.probabilities("probs", probs)
    nats: Floats = np.asarray(entr(p), dtype=np.float64).sum(axis=1)
    share_of_most: Floats = nats / np.log(p.shape[1])
    return np.minimum(share_of_most, 1.0)
