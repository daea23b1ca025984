"""A question as HTML. The same question, answered the same way, is rendered once per process."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.annotation.cards import Question

register = template.Library()


@register.simple_tag
def question_html(question: Question) -> SafeString:
    """The question's fieldset. What people write is not kept in memory: texts are rendered each time."""
    return _render(question) if question.kind == "text" else _rendered(question)


def _render(question: Question) -> SafeString:
    return render_to_string("annotation/_question.html", {"question": question})


_rendered = lru_cache(maxsize=2_000)(_render)
