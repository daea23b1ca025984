"""Which keys a file has had already, in eight bytes a key: memory hardly grows with the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class SeenKeys:
    """Hashes of keys in sorted arrays, each at least twice as long as the next, so that few are looked through."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.int64]] = []

    def meet(self, keys: Sequence[str]) -> NDArray[np.bool_]:
        """(n,) which of these keys were met before, perhaps wrongly once in 10¹² times; they are remembered."""
        met = np.fromiter(map(hash, keys), np.int64, count=len(keys))
        known = np.zeros(len(met), bool)
        for run in self._runs:
            place = np.searchsorted(run, met)
            known |= run[np.minimum(place, len(run) - 1)] == met
        if len(met):
            self._keep(np.sort(met))
        return known

    def _keep(self, run: NDArray[np.int64]) -> None:
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.sort(
                np.concatenate([self._runs.pop(), run]), kind="stable"
            )  # runs, merged in linear time
        self._runs.append(run)
