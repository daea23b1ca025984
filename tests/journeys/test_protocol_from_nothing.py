"""A lead who knows no JSON writes a protocol by keyboard in the form, and answers a card of it in the preview."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.live, pytest.mark.browser]


def write(page: Page, place: str, text: str) -> None:
    control = page.locator(f'#draft [id="{place}"]')
    control.focus()
    if control.evaluate("one => one.tagName") == "INPUT":
        page.keyboard.press("Control+a")
    page.keyboard.type(text)


def focused(page: Page, name: str) -> None:
    expect(page.locator(f'#draft [name="{name}"]')).to_be_focused()


def press(page: Page, do: str) -> None:
    page.locator(f'#draft button[value="{do}"]').focus()
    page.keyboard.press("Enter")


def press_view(page: Page, view: str) -> None:
    page.locator(f'#draft button[name=do][value="{view}"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator(f'#draft button[name=do][value="{view}"]')).to_have_attribute("aria-pressed", "true")


def write_choice(page: Page) -> None:
    """The first question, with an option that Enter made and Alt moved."""
    keys = page.keyboard
    write(page, "questions[0].title", "Is it right?")
    write(page, "questions[0].options[0].value", "right")
    keys.press("Enter")
    focused(page, "questions[0].options[1].value")
    keys.type("wrong")
    keys.press("Enter")  # after the last one: another
    focused(page, "questions[0].options[2].value")
    keys.type("half right")
    keys.press("Alt+ArrowUp")
    focused(page, "questions[0].options[1].value")
    expect(page.locator('[id="questions[0].options[1].value"]')).to_have_value("half right")


def write_spans(page: Page) -> None:
    """Another question, of a kind that is about a field of a certain kind."""
    press(page, "add questions")
    focused(page, "questions[1].title")
    page.keyboard.type("What is wrong with it?")
    write(page, "questions[1].kind", "Marks")
    write(page, "questions[1].options[0].value", "false")
    write(page, "questions[1].options[1].value", "unkind")
    write(page, "questions[1].field", "resp")
    expect(page.locator('[id="questions[1].field"]')).to_have_value("response")
    page.locator('[id="questions[1].required"]').focus()
    page.keyboard.press("Space")


def test_a_protocol_is_written_from_nothing_and_its_card_answered(person):
    lena = person("lena")
    page = lena.open("p/writing/protocol/edit/?start=nothing")
    write(page, "fields[0].name", "prompt")
    press(page, "add fields")
    focused(page, "fields[1].name")
    page.keyboard.type("response")
    write_choice(page)
    write_spans(page)

    card = page.locator("#preview .preview-card")
    expect(card).to_contain_text("What is wrong with it?")
    expect(page.locator("#preview_problem")).to_be_empty()
    card.locator(".question input").first.focus()
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("#desk-says")).to_contain_text("All is answered")
    expect(card.locator("input[value=wrong]")).to_be_checked()
    assert lena.troubles == []


def test_an_error_stands_at_its_entry_and_the_two_views_say_the_same(person):
    lena = person("lena", scheme="dark", narrow=True)
    page = lena.open("p/writing/protocol/edit/?start=intent")
    key = page.locator('[id="questions[0].options[2].key"]')

    write(page, "questions[0].options[2].key", "s")
    expect(key).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#problem")).to_contain_text("would do two things")
    write(page, "questions[0].options[2].key", "w")
    expect(page.locator("#draft .field-error")).to_have_count(0)

    press_view(page, "json")
    expect(page.locator("#body")).to_have_value(re.compile('"key": "w"'))
    press_view(page, "form")
    expect(key).to_have_value("w")
    assert lena.troubles == []


def test_what_is_typed_is_shown_in_the_preview_even_when_a_button_has_the_focus_by_then(person):
    lena = person("lena")
    page = lena.open("p/writing/protocol/edit/?start=intent")
    card = page.locator("#preview .preview-card")
    expect(card).to_be_visible()
    write(page, "questions[0].options[2].key", "w")
    page.keyboard.press("Tab")
    expect(page.locator("#draft button:focus")).to_be_visible()
    expect(card.locator("kbd", has_text=re.compile("^w$", re.IGNORECASE))).to_be_visible()
    expect(page.locator("#protocol")).to_have_count(1)
    assert lena.troubles == []
