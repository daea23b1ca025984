"""Blind-first at the desk, in a real browser: answer, reveal by key, keep or change; nothing is lost or undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.live.stack import Stack, until

from .conftest import Person
from .test_desk_keeps_everything import DESK, at_desk, counted, crash, has_changed
from .test_every_page import AXE, FIND, MODES

pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.timeout(240),
]

BLIND = """
INSERT INTO projects_protocol (project_id, version, body, digest, created_at)
SELECT project_id, version + 1, jsonb_set(body, '{suggestion}', '"blind_first"'), 'blind', now()
FROM projects_protocol JOIN projects_project AS project ON project.protocol_id = projects_protocol.id
WHERE slug = 'digits' ON CONFLICT DO NOTHING
"""
IN_FORCE = """
WITH wanted AS (
    SELECT id, project_id FROM projects_protocol
    WHERE body->>'suggestion' = %s AND project_id = (SELECT id FROM projects_project WHERE slug = 'digits')
), queue AS (
    UPDATE annotation_queue AS queue SET protocol_id = wanted.id FROM wanted WHERE queue.project_id = wanted.project_id
)
UPDATE projects_project AS project SET protocol_id = wanted.id FROM wanted WHERE project.id = wanted.project_id
"""
FRESH = """
UPDATE annotation_assignment SET draft = NULL, draft_saved_at = NULL,
    state = CASE WHEN id IN (SELECT assignment_id FROM annotation_reveal) THEN 'skipped' ELSE state END
WHERE current_id IS NULL
"""
BEFORE = "SELECT answers->>'digit' FROM annotation_reveal WHERE assignment_id = %s"
PINNED = """
SELECT reveal.answers->>'digit', annotation.answers->>'digit', annotation.revealed
FROM annotation_annotation AS annotation LEFT JOIN annotation_reveal AS reveal ON reveal.id = annotation.reveal_id
WHERE annotation.assignment_id = %s ORDER BY revision
"""
DRAFT = "SELECT draft->'answers'->>'digit' FROM annotation_assignment WHERE id = %s"
AWAY = re.compile("cannot be reached")


@pytest.fixture(scope="module")
def asks_first(stack: Stack) -> Iterator[None]:
    """The demo's queue under a protocol that asks before it tells."""
    stack.execute(BLIND)
    stack.execute(IN_FORCE, "blind_first")
    yield
    stack.execute(IN_FORCE, "shown")


@pytest.fixture
def emil(chromium: Browser, stack: Stack, asks_first: None) -> Iterator[Person]:
    stack.execute(FRESH)
    emil = Person(chromium, stack, "emil")
    emil.sign_in()
    at_desk(emil.open(DESK))
    yield emil
    emil.leave()


def answer(page: Page, digit: str) -> None:
    """All that is asked, without sending it."""
    page.keyboard.press(digit)
    page.keyboard.press("Enter")
    page.keyboard.press("4")
    if page.locator("#card [name=confidence]").count():
        page.keyboard.press("Enter")
        page.keyboard.press("3")


def told(page: Page) -> str:
    """What the model says, once it is there."""
    expect(page.locator("#said .said-one").first).to_be_visible()
    return page.locator("#said .said-one b").first.inner_text()


def is_blind(page: Page) -> None:
    expect(page.locator("[data-reveals]")).to_be_visible()
    assert page.locator("#said .said-one").count() == 0


def room(page: Page) -> list[dict[str, float]]:
    return [
        box
        for box in (page.locator(part).bounding_box() for part in (".given", ".desk-form", ".subject"))
        if box
    ]


def test_answer_reveal_and_keep_by_three_keys_and_nothing_moves(emil: Person, stack: Stack) -> None:
    page, first = emil.page, at_desk(emil.page)
    is_blind(page)
    emil.shoot("desk-blind-first")
    answer(page, "5")
    before = room(page)
    page.keyboard.press("r")
    assert told(page)
    assert room(page) == before
    expect(page.locator("#said")).to_contain_text("Your first answer: 5")
    expect(page.locator("#announcer")).to_contain_text(re.compile(r"Model v\d+ says \d, score 0\.\d\d"))
    expect(page.locator("#save-state")).to_have_text("Saved")
    emil.shoot("desk-revealed")
    page.keyboard.press("Enter")
    has_changed(page, first)
    counted(stack, first, "5")
    assert stack.rows(PINNED, first) == [("5", "5", True)]
    is_blind(page)
    assert emil.troubles == []


def test_nothing_is_revealed_before_all_is_answered(emil: Person, stack: Stack) -> None:
    page, first = emil.page, at_desk(emil.page)
    page.keyboard.press("r")
    expect(page.locator("#desk-says")).to_contain_text("Please answer “Which digit is it?”")
    answer(page, "5")
    page.locator("[name=condition][value=unusable]").check(force=True)
    page.locator("[data-reveals]").click()
    expect(page.locator("#desk-says")).to_contain_text("Answer “Which digit is it?” first")
    is_blind(page)
    assert stack.rows(BEFORE, first) == []


def test_what_is_changed_after_the_reveal_stands_beside_what_was_said_before(
    emil: Person, stack: Stack
) -> None:
    page, first = emil.page, at_desk(emil.page)
    answer(page, "5")
    page.locator("[data-reveals]").click()
    told(page)
    page.locator("[name='answers.digit'][value='8']").check(force=True)
    page.keyboard.press("Control+Enter")
    has_changed(page, first)
    counted(stack, first, "8")
    assert stack.rows(PINNED, first) == [("5", "8", True)]
    page.keyboard.press("u")
    expect(page.locator("#card")).to_have_attribute("data-assignment", str(first))
    expect(page.locator("#said")).to_contain_text("Your first answer: 5")
    page.keyboard.press("Control+Enter")
    has_changed(page, first)
    until(lambda: len(stack.rows(PINNED, first)) == 2, what="the second revision")
    assert stack.rows(PINNED, first)[1] == ("5", "8", True)


def test_a_reveal_survives_a_reload_and_a_crash(emil: Person, stack: Stack) -> None:
    page, first = emil.page, at_desk(emil.page)
    answer(page, "5")
    page.keyboard.press("r")
    said = told(page)
    page.reload()
    assert at_desk(page) == first
    assert told(page) == said
    page.fill("#comment", "after the reveal")
    page.wait_for_timeout(100)
    crash(page)
    again = emil.context.new_page()
    again.goto(stack.url + DESK)
    assert at_desk(again) == first
    assert told(again) == said
    expect(again.locator("#said")).to_contain_text("Your first answer: 5")
    expect(again.locator("#comment")).to_have_value("after the reveal")
    assert again.locator("[name='answers.digit']:checked").get_attribute("value") == "5"


def test_without_a_network_it_says_what_it_needs_and_the_answer_is_kept(emil: Person, stack: Stack) -> None:
    page, first = emil.page, at_desk(emil.page)
    answer(page, "5")
    emil.context.set_offline(True)
    page.keyboard.press("r")
    expect(page.locator("#desk-says")).to_contain_text(AWAY)
    is_blind(page)
    assert stack.rows(BEFORE, first) == []
    page.keyboard.press("8")  # legibility is the current question, and has no 8
    emil.context.set_offline(False)
    page.keyboard.press("r")
    told(page)
    assert stack.rows(BEFORE, first) == [("5",)]


def test_a_reveal_whose_answer_was_lost_on_the_way_stands_and_is_told_again(
    emil: Person, stack: Stack
) -> None:
    page, first = emil.page, at_desk(emil.page)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    answer(page, "5")
    page.route("**/reveal/", lose)
    page.keyboard.press("r")
    expect(page.locator("#desk-says")).to_contain_text(AWAY)
    is_blind(page)
    assert stack.rows(BEFORE, first) == [("5",)]
    page.unroute("**/reveal/")
    page.locator("[name='answers.digit'][value='8']").check(force=True)
    page.keyboard.press("r")
    told(page)
    expect(page.locator("#said")).to_contain_text("Your first answer: 5")
    assert page.locator("[name='answers.digit']:checked").get_attribute("value") == "8"
    until(lambda: stack.value(DRAFT, first) == "8", what="the draft of what was changed")
    assert stack.rows(BEFORE, first) == [("5",)]


def test_of_two_tabs_the_first_to_reveal_has_said_it(emil: Person, stack: Stack) -> None:
    one, first = emil.page, at_desk(emil.page)
    other = emil.context.new_page()
    other.goto(stack.url + DESK)
    assert at_desk(other) == first
    answer(one, "5")
    one.keyboard.press("r")
    told(one)
    is_blind(other)
    answer(other, "8")
    dialog = other.get_by_role("dialog", name="Changed elsewhere")
    dialog.get_by_role("button", name="Keep mine").click()
    is_blind(other)
    other.keyboard.press("r")
    told(other)
    expect(other.locator("#said")).to_contain_text("Your first answer: 5")
    assert other.locator("[name='answers.digit']:checked").get_attribute("value") == "8"
    assert stack.rows(BEFORE, first) == [("5",)]


@pytest.mark.parametrize("mode", MODES, ids=["light-wide", "dark-narrow"])
def test_before_and_after_it_fits_and_axe_finds_nothing(
    chromium: Browser, stack: Stack, asks_first: None, mode: dict[str, Any]
) -> None:
    stack.execute(FRESH)
    luis, ada = (Person(chromium, stack, name, **mode) for name in ("luis", "ada"))
    luis.sign_in()
    page = luis.open(DESK)
    at_desk(page)
    page.evaluate(AXE)
    assert page.evaluate(FIND) == []
    answer(page, "5")
    page.keyboard.press("r")
    told(page)
    assert page.evaluate(FIND) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    ada.sign_in()
    page = ada.open("p/digits/calibration/")
    expect(page.get_by_role("heading", name="People and the model's word")).to_be_visible()
    page.evaluate(AXE)
    assert page.evaluate(FIND) == []
    for person in (luis, ada):
        person.leave()
