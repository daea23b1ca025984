"""The newcomer's whole story, by keyboard, as the people of the demo: from the first digit to the next round."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from apps.config.demo import digits
from apps.config.demo import project as demo
from apps.config.demo.caller import Caller
from tests.live.stack import until

from .conftest import Person

pytestmark = [pytest.mark.live, pytest.mark.browser]

HOME = f"projects/{demo.SLUG}/"
BY_KEYBOARD = 8  # digits each expert judges in the browser; the rest they send through the API


@pytest.fixture(scope="session")
def truth() -> dict[str, str]:
    """The digit behind each picture; only a test may know."""
    data = digits.load(seed=demo.SEED)
    return {row["payload"]["image"]: data.truth[row["key"]] for row in data.rows}


def follow(page: Page, name: str) -> None:
    """Follow a link by keyboard."""
    link = page.get_by_role("link", name=name, exact=True).first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")


def push(page: Page, name: str | re.Pattern[str]) -> None:
    """Press a form's button by keyboard, and wait for the page it leads to."""
    page.get_by_role("button", name=name).first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def card(page: Page) -> str:
    """The assignment on the desk, once there is one and keys act on it: its script has made a question current."""
    page.wait_for_selector("#card[data-assignment] .question[aria-current]")
    return str(page.get_attribute("#card", "data-assignment"))


def judge(page: Page, truth: dict[str, str], *, legibility: str = "4") -> None:
    """Answer the card on the desk by keys and wait for the next."""
    before = card(page)
    digit = truth[str(page.get_attribute("#card img", "src"))]
    page.keyboard.press(digit)
    page.keyboard.press("Enter")
    page.keyboard.press(legibility)
    page.keyboard.press("Enter")
    if page.locator("#card input[name=confidence]").count():
        page.keyboard.press("4")
        page.keyboard.press("Enter")
    page.wait_for_function("was => document.querySelector('#card')?.dataset.assignment !== was", arg=before)


def token_of(page: Page) -> str:
    """Make an API token on one's own page."""
    page.get_by_label("What is it for?").focus()
    page.keyboard.type("journey")
    page.keyboard.press("Enter")
    return page.get_by_label("The new token").input_value()


def answer_the_rest(somebody: Person, by_key: dict[str, str]) -> None:
    """Send what is left through the API, as a program of this person's would."""
    token = token_of(somebody.open("you/tokens/"))
    somebody.shoot(f"story-token-of-{somebody.name}")
    caller = Caller(somebody.name, url=somebody.stack.url, token=token)
    hand = caller.post(f"{HOME}assignments/next/")
    while hand["assignment"]:
        task = hand["assignment"]["task"]
        body = {"answers": {"digit": by_key[task["key"]], "legibility": 4}, "confidence": 4}
        path = f"assignments/{hand['assignment']['id']}/annotations/?next=true"
        hand = caller.post(path, body, Idempotency_Key=f"{somebody.name}-{hand['assignment']['id']}")
    caller.close()


def test_a_newcomer_goes_once_round_the_loop(person, truth):
    by_key = digits.load(seed=demo.SEED).truth
    an_expert_at_the_keyboard(person("erin"), truth, by_key)
    an_expert_on_a_phone(person("emil", narrow=True), truth, by_key)

    lena = person("lena")
    settle_everything(lena, truth)
    put_forward(lena)
    luis = person("luis", scheme="dark")
    approve_and_promote(luis)
    close_the_round(lena)
    audit(person("ada"))


def an_expert_at_the_keyboard(erin: Person, truth: dict[str, str], by_key: dict[str, str]) -> None:
    erin.shoot("story-00-projects")
    follow(erin.page, demo.NAME)
    erin.shoot("story-01-board-of-an-expert")
    follow(erin.page, "Desk")
    card(erin.page)
    erin.shoot("story-02-desk")
    for _ in range(BY_KEYBOARD):
        judge(erin.page, truth)
    erin.shoot("story-03-desk-under-way")
    the_last_decision_can_be_reopened(erin.page)
    a_skip_has_a_reason_and_brings_the_next(erin.page)
    answer_the_rest(erin, by_key)


def an_expert_on_a_phone(emil: Person, truth: dict[str, str], by_key: dict[str, str]) -> None:
    follow(emil.page, demo.NAME)
    follow(emil.page, "Desk")
    emil.shoot("story-04-desk-on-a-phone")
    one_wrong_answer(emil.page, truth)
    answer_the_rest(emil, by_key)
    emil.open("p/digits/desk/").wait_for_load_state("networkidle")
    emil.shoot("story-05-desk-all-done")


def settle_everything(lena: Person, truth: dict[str, str]) -> None:
    """The digit, the cause, Enter: until nothing is disputed."""
    page = lena.open("p/digits/adjudication/")
    lena.shoot("story-06-adjudication")
    follow(page, "Settle the next")
    lena.shoot("story-07-settle")
    while page.locator("#settle").count():
        title = page.locator("#dispute-title").inner_text()
        page.keyboard.press(truth[str(page.get_attribute("#dispute img", "src"))])
        page.locator("input[name=cause][value=slip]").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "was => document.querySelector('#dispute-title')?.innerText !== was || !document.querySelector('#settle')",
            arg=title,
        )
    lena.shoot("story-08-all-settled")


def put_forward(lena: Person) -> None:
    page = lena.open("p/digits/")
    lena.shoot("story-09-board-reviewed")
    push(page, re.compile("Cut"))
    page.get_by_role("button", name=re.compile("^Propose dataset")).wait_for(timeout=60_000)
    lena.shoot("story-10-board-dataset-cut")
    push(page, re.compile("^Propose dataset"))
    expect(page.locator("#standing")).to_contain_text("Next, for", timeout=60_000)
    lena.shoot("story-11-board-proposed")


def approve_and_promote(luis: Person) -> None:
    page = luis.open("p/digits/proposals/2/")
    page.wait_for_load_state("networkidle")
    luis.shoot("story-12-proposal")
    push(page, "Approve and train")
    until(lambda: page.goto(f"{luis.stack.url}p/digits/runs/2/").ok, what="the start of training")
    expect(page.locator("#live")).to_contain_text(re.compile("fit|cross|epoch|stage", re.I), timeout=60_000)
    luis.shoot("story-13-training")
    page.get_by_role("button", name=re.compile("^Promote")).wait_for(timeout=120_000)
    page.wait_for_load_state("networkidle")
    luis.shoot("story-14-gate")
    push(page, re.compile("^Promote"))
    page = luis.open("p/digits/models/2/")
    expect(page.locator("main")).to_contain_text("production")
    luis.shoot("story-15-promoted")


def close_the_round(lena: Person) -> None:
    page = lena.open("p/digits/")
    lena.shoot("story-16-board-promoted")
    for text in page.locator(".board-reflection textarea").all():
        text.focus()
        page.keyboard.type("Corrected labels were what the model learned most from.")
    push(page, re.compile("^Close round 1"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Round 2")
    page.wait_for_load_state("networkidle")
    lena.shoot("story-17-round-two")


def audit(ada: Person) -> None:
    page = ada.open("p/digits/calibration/")
    expect(page.locator("main")).to_contain_text("erin", ignore_case=True)
    page.wait_for_load_state("networkidle")
    ada.shoot("story-18-calibration")
    page = ada.open("p/digits/audit/")
    page.get_by_role("button", name="Verify the chain").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(re.compile("intact|sealed", re.I))
    ada.shoot("story-19-audit")


def the_last_decision_can_be_reopened(page: Page) -> None:
    now = card(page)
    page.keyboard.press("u")
    page.wait_for_function("was => document.querySelector('#card')?.dataset.assignment !== was", arg=now)
    expect(page.locator("#card")).to_contain_text("Reopened")
    reopened = card(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("was => document.querySelector('#card')?.dataset.assignment !== was", arg=reopened)


def a_skip_has_a_reason_and_brings_the_next(page: Page) -> None:
    skipped = card(page)
    page.keyboard.press("s")
    expect(page.locator("dialog#skip")).to_be_visible()
    page.keyboard.press("1")
    page.wait_for_function("was => document.querySelector('#card')?.dataset.assignment !== was", arg=skipped)


def one_wrong_answer(page: Page, truth: dict[str, str]) -> None:
    card(page)
    right = truth[str(page.get_attribute("#card img", "src"))]
    wrong = {picture: str((int(right) + 1) % 10) for picture in truth}
    judge(page, wrong)
