"""Long lists by the page."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.keyset import number_in

PAGE = 25


def number_from(request: HttpRequest, name: str) -> int | None:
    """A row's number from the address; None when there is no such parameter."""
    return number_in(request.GET.get(name, ""), name=name)


def page_of(rows: QuerySet[Any], *, name: str) -> dict[str, Any]:
    """The first rows and where the next page goes on: `?name=<id of the last>`."""
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1].pk if len(found) > PAGE else None
    return {"rows": found[:PAGE], "next_url": f"?{name}={last}" if last else ""}
