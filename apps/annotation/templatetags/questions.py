"""A question as HTML. The same choices, chosen the same way, are rendered once per process."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.annotation.questions import Question

register = template.Library()
FIXED = ("choice", "multi_choice", "rating")


@register.simple_tag
def question_html(question: Question) -> SafeString:
    """The question's fieldset. What is shown or written is not kept in memory: it is rendered each time."""
    return _rendered(question) if question.kind in FIXED else _render(question)


def _render(question: Question) -> SafeString:
    return render_to_string("annotation/_question.html", {"question": question})


_rendered = lru_cache(maxsize=2_000)(_render)
