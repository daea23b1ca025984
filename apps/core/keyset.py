"""Lists by pages, newest first: by key, so that the last page is as fast as the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.core.errors import BadInput

PAGE = 30


@dataclass(frozen=True)
class Slice:
    """One page of a list; `next` is the key the following page begins below, None on the last."""

    rows: list[Any]
    next: int | None
    first: bool


def newest(rows: QuerySet[Any], *, before: str = "", by: str = "pk", size: int = PAGE) -> Slice:
    """The rows below the key `before` (the newest when it is empty), which must be ordered by −`by`."""
    if before and not before.isdigit():
        raise BadInput("`before` is not a number. Go back to the start of the list.", field="before")
    found = list((rows.filter(**{f"{by}__lt": int(before)}) if before else rows)[: size + 1])
    following = getattr(found[size - 1], by) if len(found) > size else None
    return Slice(found[:size], following, first=not before)
