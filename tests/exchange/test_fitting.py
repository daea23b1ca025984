"""Rows have to fit the protocol: its fields are there, pictures can be drawn, labels are options."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

from apps.config.demo import writing
from apps.exchange.domain import fitting
from apps.exchange.domain.fitting import Fit
from apps.exchange.domain.rows import BadRow
from apps.projects.domain import check_protocol

BODY = check_protocol(
    {
        "fields": [{"name": "image", "kind": "image"}, {"name": "note", "kind": "text"}],
        "questions": [{"name": "digit", "kind": "choice", "target": True, "options": ["3", "5", "8"]}],
    }
)


def picture(kind="PNG", size=(8, 8)):
    sink = io.BytesIO()
    Image.new("L", size).save(sink, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(sink.getvalue()).decode()}"


GOOD = {"image": picture(), "note": "a three"}


def fault(payload, label=None):
    with pytest.raises(BadRow) as bad:
        Fit.to(BODY).check(payload, label)
    assert bad.value.message[-1] in ".…"
    return bad.value.field, bad.value.code


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_row_that_can_be_shown_and_asked_about_passes(kind):
    Fit.to(BODY).check({**GOOD, "image": picture(kind)}, "3")
    Fit.to(BODY).check({**GOOD, "more": 1}, None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"image": "https://elsewhere/a.png"}, "not_an_image"),
        ({"image": 5}, "not_an_image"),
        ({"image": picture("GIF")}, "not_an_image"),
        ({"image": "data:image/png;base64,AAAA"}, "damaged_image"),
        ({"image": "data:image/png;base64,not base64"}, "damaged_image"),
        ({"image": picture(size=(60, 60))[:-40]}, "damaged_image"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_a_bad_row(change, code):
    assert fault({**GOOD, **change}) == ("payload.image", code)


def test_a_picture_beyond_the_limit_is_refused_unread(monkeypatch):
    monkeypatch.setattr(fitting, "MOST_PIXELS", 63)
    assert fault(GOOD) == ("payload.image", "image_too_large")


@pytest.mark.parametrize("payload", [{}, {"other": 1}, {"image": "", "note": None}])
def test_a_row_with_nothing_to_show_is_a_bad_row(payload):
    assert fault(payload) == ("payload.image", "field_missing")


def test_an_example_may_lack_a_field_but_not_what_the_target_is_about():
    compare = {"name": "better", "kind": "pairwise", "target": True, "fields": ["left", "right"]}
    names = ("prompt", "left", "right")
    fields = [{"name": name, "kind": "text"} for name in names]
    fit = Fit.to(check_protocol({"fields": fields, "questions": [compare]}))
    fit.check({"left": "a", "right": "b"}, "left")
    with pytest.raises(BadRow, match="shows the field 'right'"):
        fit.check({"prompt": "which?", "left": "a"}, None)


def test_every_example_of_the_demo_of_texts_fits_its_protocol():
    fit = Fit.to(check_protocol(writing.PROTOCOL))
    rows = [json.loads(line) for line in writing.ROWS.read_text().splitlines()]
    for row in rows:
        fit.check(row["payload"], row.get("label"))
    assert len(rows) == 50


def test_a_text_field_holds_a_text():
    assert fault({**GOOD, "note": 5}) == ("payload.note", "not_a_text")


def test_a_label_that_is_no_option_is_told_with_the_options():
    assert fault(GOOD, "four") == ("label", "label_not_an_option")
    with pytest.raises(BadRow, match="choose one of 3, 5, 8"):
        Fit.to(BODY).check(GOOD, "four")
