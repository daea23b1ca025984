"""One example by its key; what of payloads can be put on a page, many at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from apps.core.errors import NotFound
from apps.examples.models import Example, Payload
from apps.projects.domain.reading import Read
from apps.projects.models import Project
from apps.projects.queries import reading_of

EXCERPT = 160


@dataclass(frozen=True)
class Content:
    """A picture (a data URI) or a text; `purged` when the content was taken out on purpose."""

    picture: str = ""
    text: str = ""
    purged: bool = False


def example_in(*, project: Project, key: str) -> Example:
    """The project's example with this key; raises `NotFound`."""
    found = Example.objects.select_related("project").filter(project=project, key=key).first()
    if found is None:
        raise NotFound(f"There is no example with the key {key!r} in this project.")
    return found


def given_read(*, project: Project, example: Example) -> Read:
    """The label the example came with, as the protocol in force reads it: from the version it was imported under."""
    reading = reading_of(project=project)
    return reading.label(example.label, reading.version_at(example.updated_at))


def given_counts(*, project: Project) -> Counter[str]:
    """How many examples came with each label, as the protocol in force reads them."""
    reading, found = reading_of(project=project), Counter[str]()
    starts = [one.since for one in reading.versions]
    rows = Example.objects.filter(project=project, label__isnull=False)
    for place, one in enumerate(reading.versions):
        under = rows.filter(updated_at__gte=starts[place]) if place else rows
        under = under.filter(updated_at__lt=starts[place + 1]) if place + 1 < len(starts) else under
        for label, n in under.values_list("label").annotate(n=Count("pk")).order_by():
            if (read := reading.label(label, one.number).label) is not None:
                found[read] += n
    return found


def contents(*, project: Project, digests: Iterable[str]) -> dict[str, Content]:
    """What can be shown of each payload, by digest, in one query."""
    found = Payload.objects.filter(pk__in=set(digests)).values_list("pk", "body")
    fields = project.protocol.body["fields"] if project.protocol else []
    return {digest: _content(body, fields) for digest, body in found}


def _content(body: dict[str, Any] | None, fields: list[dict[str, Any]]) -> Content:
    if body is None:
        return Content(text="The content was purged.", purged=True)
    for field in fields:
        value = body.get(field["name"])
        # only data URIs are shown: a page must not fetch from addresses that came with the data
        if field["kind"] == "image" and isinstance(value, str) and value.startswith("data:image/"):
            return Content(picture=value)
        if field["kind"] == "text" and isinstance(value, str):
            return Content(text=value)
    return Content(text=json.dumps(body, ensure_ascii=False)[:EXCERPT])
