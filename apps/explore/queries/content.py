"""What of a payload can be put on a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from apps.examples.models import Payload
from apps.projects.models import Project

EXCERPT = 160


@dataclass(frozen=True)
class Content:
    """A picture (a data URI) or a text; `purged` when the content was taken out on purpose."""

    picture: str = ""
    text: str = ""
    purged: bool = False


def content_of(*, payload: Payload, project: Project) -> Content:
    """The first field of the protocol that the payload has; without one, the start of its JSON."""
    body = payload.body
    if body is None:
        return Content(text="The content was purged.", purged=True)
    for field in project.protocol.body["fields"] if project.protocol else []:
        value = body.get(field["name"])
        if field["kind"] == "image" and is_picture(value):
            return Content(picture=value)
        if field["kind"] == "text" and isinstance(value, str):
            return Content(text=value)
    return Content(text=json.dumps(body, ensure_ascii=False)[:EXCERPT])


def is_picture(value: Any) -> bool:
    """Only data URIs are shown: a page must not fetch from addresses that came with the data."""
    return isinstance(value, str) and value.startswith("data:image/")
