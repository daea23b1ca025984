"""Nothing an expert enters is lost, and nothing counts twice: in a real browser, while the world comes apart."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from apps.config.demo.project import PASSWORD
from tests.live.stack import Stack, until
from tests.live.test_submits import answers

from .conftest import Person

pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.timeout(240),
]

DESK = "p/digits/desk/"
STATE = "SELECT state FROM annotation_assignment WHERE id = %s"
ANSWERS = "SELECT answers->>'digit' FROM annotation_annotation WHERE assignment_id = %s ORDER BY revision"
DRAFT = "SELECT draft->'answers'->>'digit', draft->>'comment' FROM annotation_assignment WHERE id = %s"
HELD = """
SELECT count(*) FROM annotation_assignment WHERE state = 'leased' AND lease_expires_at > now() AND person_id = %s
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%annotation_assignment%%'
"""
TWICE = """
SELECT object_id FROM core_event WHERE kind = 'assignment.submitted' AND object_type = 'assignment'
  AND data->>'why' IS NULL GROUP BY 1 HAVING count(*) > (
    SELECT count(*) FROM annotation_annotation WHERE assignment_id = object_id::bigint)
"""


@pytest.fixture
def erin(chromium: Browser, stack: Stack) -> Iterator[Person]:
    stack.execute(
        "UPDATE annotation_assignment SET draft = NULL, draft_saved_at = NULL WHERE current_id IS NULL"
    )
    erin = Person(chromium, stack, "erin")
    erin.sign_in()
    at_desk(erin.open(DESK))
    yield erin
    erin.leave()
    assert stack.rows(TWICE) == [], "an answer was counted twice"


def at_desk(page: Page) -> int:
    """The assignment on the desk, ready for keys."""
    page.wait_for_selector("#card[data-assignment]:not([inert]) .question[aria-current]")
    return int(str(page.get_attribute("#card", "data-assignment")))


def has_one_ahead(page: Page, stack: Stack) -> None:
    person = int(str(page.get_attribute("#desk", "data-person")))
    until(lambda: stack.value(HELD, person) == 2, what="a task ahead")
    page.wait_for_timeout(300)  # its card is on its way to the browser


def answer(page: Page, digit: str = "3") -> None:
    page.keyboard.press(digit)
    page.keyboard.press("Enter")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    if page.locator("#card [name=confidence]").count() and not page.locator("#card[inert]").count():
        page.keyboard.press("4")
        page.keyboard.press("Enter")


def has_changed(page: Page, was: int) -> None:
    page.wait_for_function("was => document.querySelector('#card')?.dataset.assignment != was", arg=was)


def counted(stack: Stack, assignment: int, *said: str) -> None:
    """The assignment's answers arrive, these and no others."""
    until(lambda: stack.rows(ANSWERS, assignment), what=f"the answer to {assignment}")
    assert stack.rows(ANSWERS, assignment) == [(one,) for one in said]
    assert stack.value(STATE, assignment) == "submitted"


def has_draft(stack: Stack, assignment: int, *draft: str) -> None:
    until(lambda: stack.rows(DRAFT, assignment) == [draft], what=f"the draft {draft}", seconds=10)


def unplug(page: Page) -> None:
    """Nothing that this tab sends arrives; other tabs are not concerned."""
    page.route("**/desk/**", lambda route: route.abort())


def crash(page: Page) -> None:
    """The tab's process dies; nothing of the page is asked or told."""
    with page.expect_event("crash"), contextlib.suppress(Error):
        page.goto("chrome://crash")


def test_the_next_task_is_painted_while_the_answer_travels(erin: Person, stack: Stack) -> None:
    first = at_desk(erin.page)
    has_one_ahead(erin.page, stack)
    erin.page.route("**/submit/", lambda route: None)
    answer(erin.page)
    has_changed(erin.page, first)
    assert at_desk(erin.page) != first
    assert stack.rows(ANSWERS, first) == []
    erin.page.unroute("**/submit/")
    counted(stack, first, "3")


def test_without_a_network_two_answers_and_a_draft_wait_and_are_sent_when_it_is_back(
    erin: Person, stack: Stack
) -> None:
    page, first = erin.page, at_desk(erin.page)
    has_one_ahead(page, stack)
    erin.context.set_offline(True)
    answer(page, "5")
    has_changed(page, first)
    second = at_desk(page)
    expect(page.locator("#offline")).to_contain_text("1 answer waits")
    answer(page, "8")
    expect(page.locator("#offline")).to_contain_text("2 answers wait")
    assert stack.rows(ANSWERS, first) == []
    erin.context.set_offline(False)
    counted(stack, first, "5")
    counted(stack, second, "8")
    expect(page.locator("#offline")).to_be_hidden()
    assert at_desk(page) not in {first, second}


def test_what_is_typed_without_a_network_is_a_draft_when_it_is_back(erin: Person, stack: Stack) -> None:
    page, first = erin.page, at_desk(erin.page)
    erin.context.set_offline(True)
    page.keyboard.press("5")
    page.fill("#comment", "typed in a tunnel")
    expect(page.locator("#offline")).to_be_visible()
    erin.context.set_offline(False)
    has_draft(stack, first, "5", "typed in a tunnel")
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#save-state")).to_have_text("Saved")


def test_a_server_killed_in_the_middle_of_a_submit_counts_it_once(erin: Person, stack: Stack) -> None:
    page, first = erin.page, at_desk(erin.page)
    with psycopg.connect(stack.database_url) as holder:
        holder.execute("SELECT FROM annotation_assignment WHERE id = %s FOR UPDATE", [first])
        answer(page)
        until(lambda: stack.value(WAITING), what="an answer that waits for its row")
        pid = stack.kill("web")
        holder.rollback()
    stack.until_back("web", but=pid)
    until(lambda: answers(stack), what="an answer of the restarted web server")
    counted(stack, first, "3")
    assert at_desk(page) != first


def test_a_tab_that_crashes_gives_back_what_was_typed(erin: Person, stack: Stack) -> None:
    page, first = erin.page, at_desk(erin.page)
    unplug(page)
    page.keyboard.press("8")
    page.fill("#comment", "before the crash")
    page.wait_for_timeout(100)
    crash(page)
    again = erin.context.new_page()
    again.goto(stack.url + DESK)
    assert at_desk(again) == first
    expect(again.locator("#comment")).to_have_value("before the crash")
    assert again.locator("[name='answers.digit']:checked").get_attribute("value") == "8"
    has_draft(stack, first, "8", "before the crash")


def test_answers_of_a_tab_that_crashed_are_sent_by_the_next(erin: Person, stack: Stack) -> None:
    page, first = erin.page, at_desk(erin.page)
    has_one_ahead(page, stack)
    unplug(page)
    answer(page, "5")
    has_changed(page, first)
    second = at_desk(page)
    answer(page, "8")
    page.wait_for_timeout(100)
    crash(page)
    again = erin.context.new_page()
    again.goto(stack.url + DESK)
    counted(stack, first, "5")
    counted(stack, second, "8")
    assert at_desk(again) not in {first, second}


def test_who_was_signed_out_signs_in_over_the_page_and_the_answer_is_sent(erin: Person, stack: Stack) -> None:
    page, first = erin.page, at_desk(erin.page)
    erin.context.clear_cookies(name="sessionid")
    answer(page, "5")
    dialog = page.get_by_role("dialog", name="You have been signed out")
    expect(dialog).to_be_visible()
    page.keyboard.type("not my password")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("not this account's password")
    dialog.get_by_label(re.compile("Password")).focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    counted(stack, first, "5")
    assert at_desk(page) != first


def test_an_answer_whose_lease_ran_out_counts_while_there_is_room(erin: Person, stack: Stack) -> None:
    page, first = erin.page, at_desk(erin.page)
    page.keyboard.press("8")
    has_draft(stack, first, "8", "")
    stack.execute("UPDATE annotation_assignment SET lease_expires_at = now() WHERE id = %s", first)
    until(lambda: stack.value(STATE, first) == "expired", what="the end of the lease", seconds=90)
    answer(page, "8")
    counted(stack, first, "8")


@pytest.fixture
def two_tabs(erin: Person, stack: Stack) -> Callable[[], tuple[Page, Page, int]]:
    def open_both() -> tuple[Page, Page, int]:
        one, other = erin.page, erin.context.new_page()
        first = at_desk(one)
        other.goto(stack.url + DESK)
        assert at_desk(other) == first
        return one, other, first

    return open_both


def differing(page: Page) -> Any:
    dialog = page.get_by_role("dialog", name="Changed elsewhere")
    expect(dialog).to_be_visible()
    return dialog


def test_a_draft_from_another_tab_is_not_written_over_unseen(two_tabs: Any, stack: Stack) -> None:
    one, other, first = two_tabs()
    one.fill("#comment", "from the one")
    has_draft(stack, first, None, "from the one")  # type: ignore[arg-type]
    other.fill("#comment", "from the other")
    dialog = differing(other)
    expect(dialog.get_by_role("row", name=re.compile("Comment"))).to_contain_text(
        "from the otherfrom the one"
    )
    has_draft(stack, first, None, "from the one")  # type: ignore[arg-type]
    dialog.get_by_role("button", name="Keep mine").click()
    has_draft(stack, first, None, "from the other")  # type: ignore[arg-type]
    one.fill("#comment", "from the one again")
    differing(one).get_by_role("button", name="Take theirs").click()
    expect(one.locator("#comment")).to_have_value("from the other")


def test_a_task_submitted_in_another_tab_is_left_or_reopened_with_mine(two_tabs: Any, stack: Stack) -> None:
    one, other, first = two_tabs()
    answer(one, "3")
    counted(stack, first, "3")
    answer(other, "5")
    dialog = differing(other)
    dialog.get_by_role("button", name="Reopen with mine").click()
    expect(other.locator("#card")).to_contain_text("Reopened")
    assert at_desk(other) == first
    other.keyboard.press("Control+Enter")
    has_changed(other, first)
    until(lambda: len(stack.rows(ANSWERS, first)) == 2, what="the second answer")
    counted(stack, first, "3", "5")


def test_a_task_submitted_in_another_tab_can_be_left_as_it_is(two_tabs: Any, stack: Stack) -> None:
    one, other, first = two_tabs()
    answer(one, "3")
    counted(stack, first, "3")
    other.fill("#comment", "too late")
    differing(other).get_by_role("button", name="Leave").click()
    has_changed(other, first)
    counted(stack, first, "3")


def test_an_answer_that_is_refused_brings_its_card_back_and_the_next_one_waits(
    erin: Person, stack: Stack
) -> None:
    page, first = erin.page, at_desk(erin.page)
    has_one_ahead(page, stack)
    page.route("**/submit/", lambda route: route.continue_(post_data=without_digit(route.request.post_data)))
    answer(page, "5")
    expect(page.locator("#desk-says")).to_contain_text("xigit")
    page.unroute("**/submit/")
    assert at_desk(page) == first
    assert page.locator("[name='answers.digit']:checked").get_attribute("value") == "5"
    page.keyboard.press("Control+Enter")
    has_changed(page, first)
    counted(stack, first, "5")


def without_digit(body: str | None) -> str:
    """The form's field under another name, as a fault on the way would have it."""
    return (body or "").replace("answers.digit", "answers.xigit")


def takes_the_chair(person: Person, name: str) -> Page:
    """Somebody signs in at the same browser, in a tab of their own."""
    person.context.clear_cookies()
    person.name, person.page = name, person.context.new_page()
    person.sign_in()
    return person.open(DESK)


def test_two_people_share_a_browser_and_neither_sends_the_others_answers(erin: Person, stack: Stack) -> None:
    page, first = erin.page, at_desk(erin.page)
    unplug(page)
    answer(page, "5")
    page.wait_for_timeout(100)
    crash(page)
    at_desk(takes_the_chair(erin, "emil"))
    erin.page.wait_for_timeout(1000)
    assert stack.rows(ANSWERS, first) == []
    takes_the_chair(erin, "erin")
    counted(stack, first, "5")


def test_what_was_on_the_desk_comes_back_after_a_reopened_answer_and_can_be_skipped(
    erin: Person, stack: Stack
) -> None:
    page, first = erin.page, at_desk(erin.page)
    answer(page, "3")
    counted(stack, first, "3")
    waiting = at_desk(page)
    page.fill("#comment", "half a thought")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    has_changed(page, waiting)
    assert at_desk(page) == first
    page.keyboard.press("Control+Enter")
    has_changed(page, first)
    assert at_desk(page) == waiting
    expect(page.locator("#comment")).to_have_value("half a thought")
    page.keyboard.press("s")
    page.keyboard.press("1")
    has_changed(page, waiting)
    assert stack.value(STATE, waiting) == "skipped"
    assert erin.troubles == []
