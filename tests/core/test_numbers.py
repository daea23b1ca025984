"""Numbers as people read them."""

from __future__ import annotations

from django.template import Context, Template

from apps.core.numbers import between, told


def test_a_minus_is_a_minus_and_a_nought_has_none() -> None:
    assert told(-0.0801) == "−0.080"
    assert told(-0.0001) == told(0.0) == "0.000"
    assert told(2, 1) == "2.0"


def test_the_ends_of_an_interval_cannot_run_into_each_other() -> None:
    assert between(-0.093, -0.066) == "−0.093 to −0.066"


def test_an_interval_on_a_page_is_written_the_same_way() -> None:
    values = {"estimate": -0.08, "low": -0.093, "high": -0.066, "n": 597}
    html = Template("{% include '_ui/interval.html' %}").render(Context(values))
    assert "−0.080 <small>−0.093 to −0.066 · n 597" in html
    assert 'x1="-0.093"' in html, "the picture needs the number itself"
