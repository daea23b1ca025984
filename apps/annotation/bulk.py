"""Rules of labelling in bulk that need no database: when it is offered, and how many tasks one person may take."""

from __future__ import annotations

import math
from typing import Any

from apps.projects.domain import target_of

SMALLEST, LARGEST = 10, 100
"""How many tasks a batch on the page holds; a program may take fewer."""
SIZES = (10, 25, 50, 75, 100)
BATCH_SECONDS = 300
"""How long a batch is kept from the last sign of life: shorter than one task, because much waits with it."""
FEW = 10


def seconds_kept(lease_seconds: int) -> int:
    """How long a batch of a queue with these leases is kept."""
    return min(BATCH_SECONDS, lease_seconds)


def why_not_in_bulk(protocol: dict[str, Any]) -> str:
    """Why this protocol's tasks cannot be labelled in bulk, in a sentence; empty when they can.

    One key must say all that has to be said: the target is a choice, and nothing else is required.
    """
    target = target_of(protocol)
    if target["kind"] != "choice":
        kind = target["kind"].replace("_", " ")
        return f"Its target “{target['title']}” is a {kind}; in bulk, one key chooses one of several labels."
    others = [one["title"] for one in protocol["questions"] if one["required"] and not one["target"]]
    if others:
        titles = " and ".join(f"“{title}”" for title in others)
        return f"It requires {titles} as well; in bulk, one key answers all that is required."
    return ""


def fair_share(free: int, *, others: int) -> int:
    """How many of the `free` tasks one person may hold in a batch while `others` are at work in the queue.

    Half, or less where more people share; where nobody else is there at least the last few.
    """
    share = math.ceil(free / max(2, others + 1))
    return share if others else max(share, min(free, FEW))
