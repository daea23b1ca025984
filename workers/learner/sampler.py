"""Which rows an epoch draws, in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from workers.learner.contract import Stage


def replayed(own: int, earlier: int, replay: float) -> int:
    """How many earlier rows join `own` rows of the stage so that they are the share `replay` of the epoch."""
    return round(own * replay / (1.0 - replay)) if earlier else 0


def epoch_size(stages: NDArray[np.int64], members: NDArray[np.bool_], stage: int, replay: float) -> int:
    own, earlier = (int(np.count_nonzero(rows)) for rows in _own_and_earlier(stages, members, stage))
    return own + replayed(own, earlier, replay)


def draw_epoch(
    stages: NDArray[np.int64], members: NDArray[np.bool_], stage: int, replay: float, generator: Generator
) -> Tensor:
    """Every member row of the stage once, and the replayed ones, shuffled together: (m,) row numbers.

    Earlier rows are drawn without replacement; all of them again when more are asked for than there are.
    """
    own, earlier = (
        torch.from_numpy(np.flatnonzero(rows)) for rows in _own_and_earlier(stages, members, stage)
    )
    wanted = replayed(len(own), len(earlier), replay)
    drawn = [own]
    while wanted > 0:
        drawn.append(earlier[torch.randperm(len(earlier), generator=generator)[:wanted]])
        wanted -= len(drawn[-1])
    together = torch.cat(drawn)
    return together[torch.randperm(len(together), generator=generator)]


def mix(
    order: Tensor,
    stages: NDArray[np.int64],
    labels: NDArray[np.int64],
    names: tuple[Stage, ...],
    classes: tuple[str, ...],
) -> dict[str, Any]:
    """Rows drawn per stage and per label."""
    rows = order.numpy()
    by_stage = np.bincount(stages[rows], minlength=len(names))
    by_label = np.bincount(labels[rows], minlength=len(classes))
    return {
        "stages": {stage.name: int(count) for stage, count in zip(names, by_stage, strict=True)},
        "labels": {name: int(count) for name, count in zip(classes, by_label, strict=True)},
    }


def _own_and_earlier(
    stages: NDArray[np.int64], members: NDArray[np.bool_], stage: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return members & (stages == stage), members & (stages < stage)
