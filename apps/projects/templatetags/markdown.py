"""`{{ text|markdown }}`: what people wrote in Markdown, as safe HTML."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()
READER = MarkdownIt("commonmark", {"html": False}).enable("table")


@register.filter
@lru_cache(maxsize=256)
def markdown(text: str) -> SafeString:
    """Raw HTML comes out as text, and links of unknown schemes stay text: nothing in it can run."""
    html: str = READER.render(text)
    return mark_safe(html)  # noqa: S308  # the reader escapes what it is given
