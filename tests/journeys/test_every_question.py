"""A card with every kind of question, answered by keys alone and by taps alone, undone, and after a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.config.demo.caller import Caller
from apps.config.demo.project import PASSWORD
from apps.config.demo.writing import PROTOCOL as WRITING
from tests.live.stack import Stack, until

from .conftest import Person
from .test_desk_keeps_everything import at_desk, crash, has_changed, unplug
from .test_every_page import AXE, FIND

pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.timeout(240),
]

TEXT = "Naïve 👩‍🔬 mixes\r\ncafe\u0301 acids."
"""A family of code points in one sign, a letter with its accent apart, the line's end as Windows has it."""

PAYLOAD = {
    "prompt": "What does she do?",
    "response": TEXT,
    "alternative": "She rests.",
    "solution": ["2 + 2 = 4", "4 · 3 = 13", "13 − 1 = 12"],
    "replies": ["one", "two", "three"],
}
PROTOCOL = {
    **WRITING,
    "fields": [*WRITING["fields"], {"name": "replies", "kind": "json"}],
    "questions": [
        *WRITING["questions"],
        {"name": "tone", "kind": "multi_choice", "options": ["dry", "warm", "rude"], "required": False},
        {"name": "order", "kind": "ranking", "field": "replies", "title": "Which reply is best?"},
        {"name": "why", "kind": "text", "required": False},
    ],
    "confidence": "always",
}
STANDS = """Object.fromEntries([...document.querySelectorAll("#answer [name]")].filter((field) =>
  !["csrfmiddlewaretoken", "request_key", "active_ms"].includes(field.name)
  && (!["radio", "checkbox"].includes(field.type) || field.checked)).map(({ name, value }) => [name, value]))"""
SHOWN = """Array.from(document.querySelectorAll(
  "[data-field=response] mark, .marked b, .correction-diff > *, .step textarea, .ranking-text, #rubric b"),
  (one) => [one.tagName, one.title, one.value ?? one.textContent, one.hidden])"""
DRAFT = "SELECT draft->'answers' FROM annotation_assignment WHERE id = %s"
numbers = iter(range(1_000))


class Judge(Person):
    """The one expert of a project of their own, whose every card asks every kind of question."""

    def __init__(self, browser: Browser, stack: Stack, **how: Any) -> None:
        self.slug = f"kinds{next(numbers)}"
        told = {"slug": self.slug, "experts": 1, "tasks": 6, "overlap": 1, "lease_seconds": 600}
        told |= {"password": PASSWORD, "protocol": PROTOCOL, "payload": PAYLOAD}
        [token] = stack.program("tests.live.desk", told)
        self.api = Caller(self.slug, url=stack.url, token=token)
        super().__init__(browser, stack, f"{self.slug}-0", **how)
        self.sign_in()
        self.open(f"p/{self.slug}/desk/")
        self.first = at_desk(self.page)
        self.page.locator("[data-kind=steps] .step[data-current]").wait_for()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def goes_to(self, name: str) -> None:
        """Arrows lead to the question of this name."""
        here = self.page.locator(f".question[aria-current]:has([name$='.{name}'])")
        for key in ["ArrowDown"] * 16 + ["ArrowUp"] * 16:
            if here.count():
                return
            self.press(key)
        raise AssertionError(f"Arrows do not lead to {name}.")

    def writes(self, text: str) -> None:
        self.press("Shift+Enter", "Control+a")
        for at, line in enumerate(text.split("\n")):
            if at:
                self.press("Enter")
            self.page.keyboard.type(line)
        self.press("Escape")

    def kept(self) -> dict[str, Any]:
        """What was stored, as the API gives it back when the answer is reopened."""
        path = f"assignments/{self.first}/"
        until(lambda: self.api.get(path)["state"] == "submitted", what="the answer at the server")
        self.api.post(f"{path}reopen/")
        draft: dict[str, Any] = self.api.get(path)["draft"]
        return draft

    def stands(self) -> tuple[dict[str, Any], Any]:
        """What the form holds, and what is shown of it."""
        held = self.page.evaluate(STANDS)
        return {
            name: json.loads(text) if name[:5] == "json." and text else text for name, text in held.items()
        }, (self.page.evaluate(SHOWN))


@pytest.fixture
def judge(chromium: Browser, seeded: Stack) -> Iterator[Callable[..., Judge]]:
    people: list[Judge] = []

    def arrive(**how: Any) -> Judge:
        people.append(Judge(chromium, seeded, **how))
        return people[-1]

    yield arrive
    for somebody in people:
        somebody.leave()
        somebody.api.close()


def span(words: str, label: str) -> dict[str, Any]:
    """Where these words stand, counted in characters as everybody else counts them."""
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words), "label": label}


def answer_by_keys(judge: Judge) -> None:
    """Every question of the card, and the comment; nothing is sent."""
    judge.press("1", "Enter", "4", "Enter", "5", "Enter", "a")
    judge.goes_to("flaws")
    judge.press("ArrowRight", "Shift+ArrowRight", "1")  # Naïve 👩‍🔬
    judge.press("ArrowLeft", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "2")  # 👩‍🔬 mixes café
    judge.goes_to("mended")
    judge.writes("She mixes acids.\nCarefully — 👍")
    judge.goes_to("steps")
    judge.press("1", "2")
    judge.writes("4 · 3 = 12")
    judge.goes_to("tone")
    judge.press("1", "3")
    judge.goes_to("order")
    judge.press("3", "1")
    judge.goes_to("why")
    judge.writes("because")
    judge.press("c")
    judge.page.keyboard.type("a note")
    judge.press("Escape")
    judge.goes_to("why")
    judge.press("ArrowDown", "2")  # the condition
    judge.press("Enter", "3")  # how sure


ANSWERS: dict[str, Any] = {
    "teach": "yes",
    "correctness": 4,
    "clarity": 5,
    "flaws": [span("Naïve 👩‍🔬", "wrong"), span("👩‍🔬 mixes\r\ncafe\u0301", "unclear")],
    "mended": "She mixes acids.\nCarefully — 👍",
    "steps": {"verdicts": ["right", "wrong", None], "first_wrong": 1, "rewrites": {"1": "4 · 3 = 12"}},
    "tone": ["dry", "rude"],
    "order": [2, 0, 1],
    "why": "because",
}


def without_sides(answers: dict[str, Any]) -> dict[str, Any]:
    return {name: given for name, given in answers.items() if name != "better"}


def test_every_kind_of_question_is_answered_by_keys_alone(judge: Callable[..., Judge]) -> None:
    somebody = judge()
    page = somebody.page
    answer_by_keys(somebody)
    expect(page.locator(".correction-diff ins").first).to_be_visible()
    expect(page.locator("#rubric b")).to_have_text("0.83")
    left = page.evaluate("JSON.parse(document.querySelector('[data-choice=a]').value).left")
    somebody.press("Control+Enter")
    has_changed(page, somebody.first)
    kept = somebody.kept()
    assert without_sides(kept["answers"]) == ANSWERS
    assert kept["answers"]["better"] == {"preferred": left, "left": left}
    assert (kept["condition"], kept["confidence"], kept["comment"]) == ("ambiguous", 3, "a note")
    assert somebody.troubles == []


def test_every_change_is_undone_and_done_again(judge: Callable[..., Judge]) -> None:
    somebody = judge()
    before = somebody.stands()
    answer_by_keys(somebody)
    after = somebody.stands()
    steps = 0
    while somebody.stands() != before:
        now = somebody.stands()
        somebody.press("Control+z")
        assert somebody.stands() != now, "undoing came to an end before the beginning"
        steps += 1
    assert steps == 17, "one for each choice and each text written"
    for _ in range(steps):
        somebody.press("Control+Shift+z")
    assert somebody.stands() == after
    somebody.press("Control+Enter")
    has_changed(somebody.page, somebody.first)
    assert without_sides(somebody.kept()["answers"]) == ANSWERS


def test_every_kind_of_answer_is_a_draft_within_a_second_and_stands_as_it_was_after_a_crash(
    judge: Callable[..., Judge], seeded: Stack
) -> None:
    somebody = judge()
    answer_by_keys(somebody)
    somebody.page.wait_for_timeout(1000)
    until(
        lambda: without_sides(seeded.value(DRAFT, somebody.first) or {}) == drafted(),
        what="the draft",
        seconds=3,
    )
    stands = somebody.stands()
    crash(somebody.page)
    assert after_a_crash(somebody) == stands


def test_every_kind_of_answer_stands_as_it_was_though_the_server_never_had_it(
    judge: Callable[..., Judge],
) -> None:
    somebody = judge()
    somebody.press("2")
    expect(somebody.page.locator("#save-state")).to_have_text("Saved")
    unplug(somebody.page)
    answer_by_keys(somebody)
    somebody.page.wait_for_timeout(100)
    stands = somebody.stands()
    crash(somebody.page)
    assert after_a_crash(somebody) == stands
    somebody.press("Control+Enter")
    has_changed(somebody.page, somebody.first)
    assert without_sides(somebody.kept()["answers"]) == ANSWERS


def drafted() -> dict[str, Any]:
    """As the form has them: numbers are read when the answer is given."""
    return {**ANSWERS, "correctness": "4", "clarity": "5"}


def after_a_crash(somebody: Judge) -> tuple[dict[str, Any], Any]:
    somebody.page = somebody.context.new_page()
    somebody.open(f"p/{somebody.slug}/desk/")
    assert at_desk(somebody.page) == somebody.first
    somebody.page.locator("[data-kind=steps] .step[data-current]").wait_for()
    somebody.page.wait_for_timeout(300)
    return somebody.stands()


def test_whoever_types_without_a_rest_is_saved_meanwhile(judge: Callable[..., Judge], seeded: Stack) -> None:
    somebody = judge()
    somebody.press("c")
    written = "SELECT length(draft->>'comment') FROM annotation_assignment WHERE id = %s"
    somebody.page.keyboard.type("a" * 30, delay=100)
    assert (seeded.value(written, somebody.first) or 0) > 5


def word(page: Page, field: str, text: str) -> dict[str, float]:
    """The middle of a word on the screen."""
    found: dict[str, float] = page.evaluate(
        """([field, text]) => {
          const element = document.querySelector(`.subject [data-field=${field}]`);
          element.scrollIntoView({ block: "center" });
          const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const at = walk.currentNode.data.indexOf(text);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(walk.currentNode, at);
            range.setEnd(walk.currentNode, at + text.length);
            const { x, y, width, height } = range.getBoundingClientRect();
            return { x: x + width / 2, y: y + height / 2 };
          }
        }""",
        [field, text],
    )
    return found


def tap_words(judge: Judge, *words: str) -> None:
    for text in words:
        at = word(judge.page, "response", text)
        judge.page.touchscreen.tap(at["x"], at["y"])


def tap_option(judge: Judge, name: str, text: str) -> None:
    question = judge.page.locator(f".question:has([name$='{name}'])").first
    question.locator(".choice").filter(has_text=text).first.tap()


def answer_by_taps(judge: Judge) -> None:
    """Every question of the card, and the comment; nothing is sent."""
    page = judge.page
    for name, text in (("teach", "yes"), ("correctness", "Right, with a flaw"), ("clarity", "A pleasure")):
        tap_option(judge, name, text)
    tap_option(judge, "better", "Equal")
    mark_by_taps(judge)
    page.locator(".correction-text").tap()
    page.locator(".correction-text").fill(ANSWERS["mended"])
    for step, verdict in enumerate(["Right", "Wrong"]):
        page.locator(".step").nth(step).locator(".choice").filter(has_text=verdict).tap()
    page.locator(".step textarea:visible").fill("4 · 3 = 12")
    tap_option(judge, "tone", "dry")
    tap_option(judge, "tone", "rude")
    for _ in range(2):
        page.get_by_role("button", name="Up: three").tap()
    page.locator("[name='answers.why']").fill("because")
    tap_option(judge, "condition", "Ambiguous")
    page.locator("#comment").fill("a note")
    tap_option(judge, "confidence", "Fairly sure")


def mark_by_taps(judge: Judge) -> None:
    tap_words(judge, "Naïve", "👩‍🔬")
    tap_option(judge, "flaws", "wrong")
    tap_words(judge, "mixes", "cafe\u0301", "mixes")  # among those chosen: none is
    tap_words(judge, "👩‍🔬", "cafe\u0301")
    tap_option(judge, "flaws", "unclear")
    tap_words(judge, "acids")
    tap_option(judge, "flaws", "unkind")
    judge.page.get_by_role("button", name=re.compile("^Remove unkind")).tap()


def test_every_kind_of_question_is_answered_by_taps_on_a_phone(judge: Callable[..., Judge]) -> None:
    somebody = judge(narrow=True)
    page = somebody.page
    answer_by_taps(somebody)
    page.get_by_role("button", name="Submit").tap()
    has_changed(page, somebody.first)
    assert somebody.troubles == []
    one_is_skipped_and_the_last_reopened_by_taps(somebody)
    kept = somebody.kept()
    assert without_sides(kept["answers"]) == ANSWERS
    assert kept["answers"]["better"]["preferred"] == "equal"
    assert (kept["condition"], kept["confidence"], kept["comment"]) == ("ambiguous", 3, "a note")


def one_is_skipped_and_the_last_reopened_by_taps(judge: Judge) -> None:
    page, second = judge.page, at_desk(judge.page)
    page.locator("[data-opens=skip]").tap()
    page.locator("dialog#skip .choice").first.tap()
    has_changed(page, second)
    page.locator("#strip button:not(:disabled)").first.tap()
    expect(page.locator("#card")).to_contain_text("Reopened")
    assert at_desk(page) == judge.first
    page.get_by_role("button", name="Leave as it was").tap()
    has_changed(page, judge.first)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_the_answered_card_is_accessible_and_fits(
    judge: Callable[..., Judge], narrow: bool, scheme: str
) -> None:
    somebody = judge(narrow=narrow, scheme=scheme)
    answer_by_keys(somebody)
    somebody.page.evaluate("scrollTo(0, 0)")
    somebody.shoot("every-question")
    somebody.page.evaluate(AXE)
    assert somebody.page.evaluate(FIND) == []
    assert somebody.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_phones_own_handles_select_is_marked_by_a_label(judge: Callable[..., Judge]) -> None:
    somebody = judge(narrow=True)
    page = somebody.page
    page.evaluate("""() => {
      const text = document.querySelector(".subject [data-field=response]").firstChild;
      getSelection().setBaseAndExtent(text, 0, text, 5);
    }""")
    page.locator(".span-label").first.tap()
    assert json.loads(page.locator("[name='json.flaws']").input_value()) == [span("Naïve", "wrong")]
