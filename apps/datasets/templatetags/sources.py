"""`{{ row.source|source }}`: where a label comes from, in words."""

from __future__ import annotations

from django import template

from apps.datasets.domain import SOURCES

register = template.Library()


@register.filter
def source(name: str) -> str:
    return SOURCES.get(name, name)
