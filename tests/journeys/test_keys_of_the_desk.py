"""Keys of the desk in a real browser: on every layout, beside the browser's own, before the scripts listen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.live.stack import Stack, until

from .conftest import Person
from .test_desk_keeps_everything import at_desk
from .test_every_question import Judge

pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.timeout(240),
]

US = {
    "3": ("3", "Digit3"),
    "/": ("/", "Slash"),
    "[": ("[", "BracketLeft"),
    "?": ("?", "Slash", "shiftKey"),
    "z": ("z", "KeyZ"),
}
GERMAN = {
    "3": ("3", "Digit3"),
    "/": ("/", "Digit7", "shiftKey"),
    "[": ("[", "Digit8", "modifierAltGraph"),
    "?": ("?", "Minus", "shiftKey"),
    "z": ("z", "KeyY"),
}
GERMAN_WINDOWS = {**GERMAN, "[": ("[", "Digit8", "modifierAltGraph", "ctrlKey", "altKey")}
GERMAN_MAC = {**GERMAN, "[": ("[", "Digit5", "altKey")}
FRENCH = {
    "3": ('"', "Digit3"),
    "/": ("/", "Period", "shiftKey"),
    "[": ("[", "Digit5", "modifierAltGraph"),
    "?": ("?", "KeyM", "shiftKey"),
    "z": ("z", "KeyW"),
}
FRENCH_SHIFTED = {**FRENCH, "3": ("3", "Digit3", "shiftKey")}
LAYOUTS = {
    "us": US,
    "german": GERMAN,
    "german-windows": GERMAN_WINDOWS,
    "german-mac": GERMAN_MAC,
    "french": FRENCH,
    "french-shifted": FRENCH_SHIFTED,
}
PRESS = """([key, code, ...held]) => (document.querySelector("dialog[open]") ?? document.activeElement).dispatchEvent(
  new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true,
    ...Object.fromEntries(held.map((one) => [one, true])) }))"""
CATCH = """document.querySelector("dialog#skip form").addEventListener("submit", (event) => {
  window.skipped = event.submitter?.dataset.key;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true, once: true })"""


@pytest.fixture(scope="module")
def typist(chromium: Browser, seeded: Stack) -> Iterator[Judge]:
    somebody = Judge(chromium, seeded)
    yield somebody
    somebody.leave()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_keys_act_by_what_is_typed_on_every_layout(typist: Judge, layout: dict[str, tuple[str, ...]]) -> None:
    page = typist.page
    page.reload()
    at_desk(page)
    page.locator("[data-kind=steps] .step[data-current]").wait_for()
    chosen = page.locator("[name='answers.correctness']:checked")
    typist.goes_to("correctness")
    typist.press("1")
    page.evaluate(PRESS, layout["3"])
    expect(chosen).to_have_value("3")
    page.evaluate(PRESS, [*layout["z"], "ctrlKey"])
    expect(chosen).to_have_value("1")
    typist.goes_to("steps")
    typist.press("]", "]")
    expect(page.locator(".step").nth(2)).to_have_attribute("data-current", "")
    page.evaluate(PRESS, layout["["])
    expect(page.locator(".step").nth(1)).to_have_attribute("data-current", "")
    page.evaluate(PRESS, layout["?"])
    expect(page.locator("#cheat-sheet")).to_be_visible()
    typist.press("Escape")
    typist.press("s")
    first_reason = page.locator("dialog#skip [data-key='3']")
    expect(first_reason).to_be_visible()
    page.evaluate(CATCH)
    page.evaluate(PRESS, layout["3"])
    assert page.evaluate("window.skipped") == "3"
    typist.press("Escape")


def test_a_key_with_ctrl_or_alt_is_the_browsers_own(typist: Judge) -> None:
    page = typist.page
    typist.troubles.clear()
    typist.goes_to("correctness")
    typist.press("1")
    for held in ("ctrlKey", "altKey", "metaKey"):
        page.evaluate(PRESS, ["3", "Digit3", held])
        page.evaluate(PRESS, ["Alt", "AltLeft", held])
    expect(page.locator("[name='answers.correctness']:checked")).to_have_value("1")
    assert typist.troubles == []


def test_a_key_pressed_before_the_scripts_listen_is_not_lost(chromium: Browser, seeded: Stack) -> None:
    somebody = Person(chromium, seeded, "emil")
    somebody.sign_in()
    page = somebody.open("p/digits/desk/")
    at_desk(page)  # so that the page comes with its card
    held: list[Any] = []
    page.route("**/js/turns.js", lambda *asked: held.append(asked[0]))
    page.goto(f"{seeded.url}p/digits/desk/", wait_until="commit")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    page.wait_for_selector("#card")
    until(lambda: held, what="the script on its way")
    page.keyboard.press("7")
    assert page.locator("[name='answers.digit']:checked").count() == 0
    held[0].continue_()
    at_desk(page)
    expect(page.locator("[name='answers.digit']:checked")).to_have_value("7")
    somebody.leave()


def test_a_french_6_is_the_sixth_option_though_it_types_a_minus(chromium: Browser, seeded: Stack) -> None:
    somebody = Person(chromium, seeded, "emil")
    somebody.sign_in()
    page = somebody.open("p/digits/desk/")
    at_desk(page)
    page.locator("[name='answers.digit']").first.focus()  # a card whose draft has a digit begins behind it
    page.evaluate(PRESS, ["-", "Digit6"])
    expect(page.locator("[name='answers.digit']:checked")).to_have_value("6")
    somebody.leave()
