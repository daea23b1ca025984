"""Chance without state: every draw has a name, and its generator is made from the seed and that name.

So nothing depends on what was drawn before: the position in a checkpoint is the whole state of chance,
and a resumed run draws exactly what the uninterrupted one would have drawn.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Generator


def generator(seed: int, *name: object) -> Generator:
    """The generator of the draw with this name: same seed and name, same numbers."""
    text = "|".join(str(part) for part in (seed, *name))
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
    return torch.Generator().manual_seed(number)
