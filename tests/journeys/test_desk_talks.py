"""At the desk by keyboard and by thumb: exclude, comments, guidelines, and a break that is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.stack import Stack, running_stack

from .conftest import Person
from .test_desk_keeps_everything import at_desk, has_changed

pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.timeout(240),
]

DESK = "p/digits/desk/"
TASK = """
SELECT task.state, mine.state, mine.reason, mine.note FROM annotation_assignment AS mine
JOIN annotation_task AS task ON task.id = mine.task_id WHERE mine.id = %s
"""
COVERED = """() => {
  const [a, b] = ["#guidelines", ".subject"].map((one) => document.querySelector(one).getBoundingClientRect());
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}"""
LOOKED_AT = 6_000  # milliseconds: the desk looks every five seconds whether a break is due
WIDTHS = pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("talks")
    with running_stack(folder / "data", folder / "log", seed=True, WHETSTONE_DEMO="1") as stack:
        # a gold task stays in the queue whatever is said of it
        stack.execute("UPDATE annotation_queue SET gold_rate = 0")
        yield stack


@pytest.fixture
def somebody(chromium: Browser, stack: Stack) -> Iterator[Callable[..., Person]]:
    people = []

    def come(name: str, **how: bool) -> Person:
        person = Person(chromium, stack, name, **how)
        people.append(person)
        person.sign_in()
        return person

    yield come
    for person in people:
        troubles = person.troubles
        person.leave()
        assert not troubles


def no_wider_than_the_window(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@WIDTHS
def test_a_task_is_excluded_by_key_and_reason_and_the_next_comes(
    somebody: Callable[..., Person], stack: Stack, narrow: bool
) -> None:
    page = somebody("erin", narrow=narrow).open(DESK)
    was = at_desk(page)
    page.keyboard.press("o")
    dialog = page.locator("dialog#exclude")
    expect(dialog).to_be_visible()
    no_wider_than_the_window(page)
    page.keyboard.press("2")
    page.keyboard.press("Tab")
    page.keyboard.type("of another one")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    has_changed(page, was)
    expect(dialog).to_be_hidden()
    at_desk(page)
    assert stack.rows(TASK, was) == [("excluded", "excluded", "duplicate", "of another one")]
    expect(page.locator("#strip > li").first).to_have_attribute("data-state", "excluded")


def test_each_dialog_acts_on_the_card_it_is_opened_on(somebody: Callable[..., Person], stack: Stack) -> None:
    page = somebody("emil").open(DESK)
    for key, digit, state in (("s", "1", "skipped"), ("s", "6", "skipped"), ("x", "2", "escalated")):
        was = at_desk(page)
        page.keyboard.press(key)
        page.keyboard.press(digit)
        if state == "escalated":
            page.keyboard.press("Enter")
        has_changed(page, was)
        assert stack.rows(TASK, was)[0][1] == state
        expect(page.locator("dialog[open]")).to_have_count(0)


def test_without_scripts_a_verb_is_a_page(
    chromium: Browser, somebody: Callable[..., Person], stack: Stack
) -> None:
    erin = somebody("erin")
    was = at_desk(erin.open(DESK))
    plain = chromium.new_context(
        java_script_enabled=False, storage_state=erin.context.storage_state()
    ).new_page()
    erin.open("you/keys/")
    plain.goto(stack.url + DESK)
    plain.get_by_role("link", name="Exclude").click()
    plain.get_by_label("Broken, empty or unreadable").check()
    plain.get_by_role("button", name="Exclude").click()
    expect(plain.get_by_text("a lead can put it back")).to_be_visible()
    assert stack.rows(TASK, was)[0][0] == "excluded"
    plain.context.close()


@pytest.mark.parametrize(("name", "narrow"), [("erin", False), ("emil", True)], ids=["wide", "narrow"])
def test_a_lead_is_mentioned_by_key_and_answers_where_it_leads(
    somebody: Callable[..., Person], name: str, narrow: bool
) -> None:
    page = somebody(name, narrow=narrow).open(DESK)
    at_desk(page)
    page.keyboard.press("t")
    field = page.locator("dialog#talk > .dialog-body > .comments > form textarea")
    expect(field).to_be_focused()
    page.keyboard.type("A tail, or dirt, @lu")
    expect(page.locator(".mentions:visible > li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(field).to_have_value("A tail, or dirt, @luis ")
    no_wider_than_the_window(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#talk .comment-text").last).to_have_text("A tail, or dirt, @luis")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#talk")).to_be_hidden()
    expect(page.locator(".question[aria-current]")).to_be_visible()

    lead = somebody("luis", narrow=narrow).open("you/notifications/")
    lead.get_by_role("button", name="An expert mentions you").first.click()
    expect(lead.get_by_role("heading", name="Comments on")).to_be_visible()
    lead.locator(".thread").last.locator("summary").click()
    lead.locator(".thread").last.locator("textarea").fill(f"Dirt, {name}.")
    lead.keyboard.press("Control+Enter")
    expect(lead.locator(".thread-answers .comment-text").last).to_have_text(f"Dirt, {name}.")

    at_desk(page)
    page.keyboard.press("t")
    expect(page.locator("#talk .thread-answers").last).to_contain_text(f"Dirt, {name}.")
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Withdraw").last.click()
    expect(page.locator("#talk")).to_contain_text("Withdrawn by its author.")


def test_guidelines_are_searched_by_key_beside_the_subject_and_stay_as_they_were(
    somebody: Callable[..., Person],
) -> None:
    page = somebody("emil").open(DESK)
    at_desk(page)
    page.keyboard.press("g")
    search = page.get_by_label("Find in the guidelines")
    expect(search).to_be_focused()
    assert not page.evaluate(COVERED)
    page.keyboard.type("digit")
    expect(page.locator(".guide-count")).to_have_text("0 of 3")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".guide-count")).to_have_text("2 of 3")
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".guide-count")).to_have_text("1 of 3")
    expect(page.locator(".guide-text mark[data-now]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    expect(page.locator("[name='answers.digit'][value='3']")).to_be_checked()

    page.reload()
    at_desk(page)
    expect(page.locator("#guidelines")).to_have_attribute("open", "")
    expect(page.locator(".guide-text mark")).to_have_count(3)
    page.keyboard.press("g")
    expect(page.locator("#guidelines")).not_to_have_attribute("open", "")
    page.get_by_label("What the guidelines say about How legible is it?").click()
    expect(page.locator("#guide-how-legible-is-it")).to_be_focused()
    page.keyboard.press("g")


def test_on_a_phone_the_guidelines_come_up_from_below_and_go_again(somebody: Callable[..., Person]) -> None:
    page = somebody("emil", narrow=True).open(DESK)
    at_desk(page)
    button = page.get_by_role("button", name="Guidelines")
    button.click()
    expect(page.get_by_label("Find in the guidelines")).to_be_visible()
    no_wider_than_the_window(page)
    page.locator("#guidelines > summary").click()
    expect(page.get_by_label("Find in the guidelines")).to_be_hidden()


@WIDTHS
def test_a_break_is_offered_once_and_stands_in_nobodys_way(
    somebody: Callable[..., Person], narrow: bool
) -> None:
    erin = somebody("erin", narrow=narrow)
    erin.page.clock.install()
    page = erin.open(DESK)
    at_desk(page)
    worked = "{ms: 50 * 60000 - 200, at: Date.now(), offered: 0}"
    page.evaluate(f"sessionStorage.setItem('sitting', JSON.stringify({worked}))")
    page.reload()
    at_desk(page)
    notice = page.locator("#break")
    expect(notice).to_be_hidden()
    page.wait_for_timeout(600)
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("8")
    page.clock.fast_forward(LOOKED_AT)
    expect(notice).to_contain_text("You have worked 50 min this sitting")
    no_wider_than_the_window(page)
    page.keyboard.press("3")
    expect(page.locator("[name='answers.digit'][value='3']")).to_be_checked()
    page.keyboard.press("Escape")
    expect(notice).to_be_hidden()
    page.keyboard.press("8")
    page.clock.fast_forward(LOOKED_AT)
    expect(notice).to_be_hidden()


def test_who_was_away_has_begun_anew_and_who_wants_no_break_is_offered_none(
    somebody: Callable[..., Person],
) -> None:
    erin = somebody("erin")
    erin.page.clock.install()
    page = erin.open(DESK)
    at_desk(page)
    long_ago = "{ms: 70 * 60000, at: Date.now() - 6 * 60000, offered: 0}"
    page.evaluate(f"sessionStorage.setItem('sitting', JSON.stringify({long_ago}))")
    page.clock.fast_forward(LOOKED_AT)
    expect(page.locator("#break")).to_be_hidden()
    assert page.evaluate("JSON.parse(sessionStorage.sitting).ms") < 60_000

    settings = erin.open("you/keys/")
    settings.get_by_label("Offer a break").select_option("Never")
    settings.get_by_role("button", name="Choose").click()
    page = erin.open(DESK)
    at_desk(page)
    expect(page.locator("#desk")).to_have_attribute("data-break", "0")
