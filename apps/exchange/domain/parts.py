"""An export while it is written, part by part, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Shard:
    """A part that is written: its files by split, and all that going on behind it takes. `digest` is of all so far."""

    after: str
    digest: str
    rows: int
    files: list[dict[str, Any]]  # path, split, rows, size, sha256
    counts: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """The whole file: where it lies, what it is called, what is in it."""

    file: str
    name: str
    size: int
    sha256: str
    rows: int
    digest: str
    manifest: dict[str, Any]


def summed(counts: Iterable[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Counts of several parts, together."""
    found: dict[str, Counter[str]] = {}
    for one in counts:
        for name, values in one.items():
            found.setdefault(name, Counter()).update(values)
    return {name: dict(sorted(values.items())) for name, values in found.items()}
