"""Applying a net to rows, batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workers.learner.fleet import Fleet
from workers.learner.recipes.base import Features

BATCH = 1024


@torch.no_grad()
def apply(net: nn.Module, features: Features, rows: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """One batch → log-probabilities (n, k) and embeddings (n, e), on the CPU."""
    logits, embedding = net(*(part.to(device) for part in features.take(rows)))
    return F.log_softmax(logits, dim=1).cpu(), embedding.cpu()


def log_probabilities(
    net: nn.Module, features: Features, rows: Tensor, *, classes: int, fleet: Fleet, pause: Callable[[], None]
) -> Tensor:
    """(n,) row numbers → (n, k); each process does its share and all get the whole."""
    net.eval()
    found = torch.zeros(len(rows), classes)
    for places in torch.split(fleet.share(torch.arange(len(rows))), BATCH):
        pause()
        found[places] = apply(net, features, rows[places], fleet.device)[0]
    return fleet.total(found)
