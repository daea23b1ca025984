"""Ctrl+Z on the desk, in a real browser: every kind of answer is one history."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.live.stack import Stack, until

from .conftest import Person

pytestmark = [pytest.mark.live, pytest.mark.browser]

STANDS = """Array.from(document.querySelectorAll(".question"), (question) =>
  question.querySelector("[data-answer]")?.value ?? question.querySelector("input:checked")?.value
  ?? question.querySelector("textarea")?.value ?? "")"""
DRAFT = "SELECT draft->'answers'->>'correctness' FROM annotation_assignment WHERE id = %s"


def stands(page: Page) -> list[str]:
    """What each question of the card holds, in the card's order."""
    found: list[str] = page.evaluate(STANDS)
    return found


def test_changes_are_undone_and_done_again_whatever_the_question(
    person: Callable[..., Person], seeded: Stack
) -> None:
    page = person("emil").open("p/writing/desk/")
    page.wait_for_selector(".question[aria-current]")
    assignment = int(str(page.get_attribute("#card", "data-assignment")))
    before = [stands(page)]
    for keys in (["1"], ["ArrowDown", "4"], ["a"], ["ArrowDown", "ArrowRight", "1"]):
        for key in keys:
            page.keyboard.press(key)
        before.append(stands(page))
    assert len({tuple(state) for state in before}) == 5, "each of them changed an answer"

    for state in reversed(before[:-1]):
        page.keyboard.press("Control+z")
        assert stands(page) == state
    expect(page.locator(".question[aria-current] legend")).to_contain_text("Teach from it?")
    page.keyboard.press("Control+z")
    assert stands(page) == before[0], "there is nothing before the beginning"

    for state in before[1:3]:
        page.keyboard.press("Control+Shift+z")
        assert stands(page) == state
    until(lambda: seeded.value(DRAFT, assignment) == "4", what="the draft of what was done again")
    page.keyboard.press("2")
    page.keyboard.press("Control+Shift+z")
    assert stands(page) == [*before[2][:1], "2", *before[2][2:]], "a new change ends what could be done again"


def test_writing_is_one_step_and_the_fields_own_undo_goes_first(person: Callable[..., Person]) -> None:
    page = person("emil").open("p/writing/desk/")
    page.wait_for_selector(".question[aria-current]")
    comment = page.locator("#comment")
    was = comment.input_value()
    page.keyboard.press("c")
    page.keyboard.type("smudged")
    page.keyboard.press("Control+z")
    assert comment.input_value() != f"{was}smudged", "the browser's own"
    page.keyboard.type("smudged, twice")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    assert comment.input_value() == was
