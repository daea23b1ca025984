"""One example by its key; what of payloads can be put on a page, many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.core.errors import NotFound
from apps.examples.models import Example, Payload
from apps.projects.models import Project

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
