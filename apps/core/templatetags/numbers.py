"""`{{ value|number:3 }}`: a number as people read it."""

from __future__ import annotations

from django import template

from apps.core.numbers import told

register = template.Library()


@register.filter
def number(value: float | None, digits: int | str = 3) -> str:
    """Empty where there is none."""
    return "" if value is None else told(value, int(digits))
