"""Lists by pages, newest first: by key, so that the last page is as fast as the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.core.errors import BadInput

PAGE = 30
MAX_KEY = 2**63 - 1  # of a bigint


@dataclass(frozen=True)
class Slice:
    """One page of a list; `next` is the key the following page begins below, None on the last."""

    rows: list[Any]
    next: int | None
    first: bool


def newest(rows: QuerySet[Any], *, before: str = "", by: str = "pk", size: int = PAGE) -> Slice:
    """The rows below the key `before` (the newest when it is empty), which must be ordered by −`by`."""
    key = number_in(before, name="before")
    found = list((rows if key is None else rows.filter(**{f"{by}__lt": key}))[: size + 1])
    following = getattr(found[size - 1], by) if len(found) > size else None
    return Slice(found[:size], following, first=key is None)


def number_in(text: str, *, name: str) -> int | None:
    """The number that the parameter `name` of an address holds; None where it is empty. Raises `BadInput`."""
    if text == "":
        return None
    # isdecimal lets in no ², which int() refuses; the length is looked at first, for int() refuses thousands too
    if not text.isdecimal() or len(text) > 19 or int(text) > MAX_KEY:
        raise BadInput(
            f"`{name}` in the address is not the number of a row: {text[:40]!r}. Go back to the start of the list.",
            field=name,
        )
    return int(text)
