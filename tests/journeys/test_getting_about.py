"""Getting about: the command palette, the bell, and keys of one's own, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.test_every_page import AXE, FIND

pytestmark = [pytest.mark.live, pytest.mark.browser]


def faults(page):
    page.evaluate(AXE)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return page.evaluate(FIND) + [f"{wide} px too wide"] * (wide > 0)


def seek(page, words):
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to a page")).to_be_focused()
    page.keyboard.type(words)


def test_anything_is_a_few_letters_away(person):
    lena = person("lena")
    page = lena.open("p/digits/")
    seek(page, "frze bench")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("Freeze a benchmark")
    expect(option).to_have_attribute("aria-selected", "true")
    lena.shoot("palette")
    assert faults(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/digits/benchmarks/")

    seek(page, "")
    expect(page.get_by_role("option").first).to_contain_text("Freeze a benchmark")  # chosen lately
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()

    seek(page, "qqqzzz")
    expect(page.get_by_text("Nothing is called that.")).to_be_visible()
    page.keyboard.press("Escape")


def test_an_expert_is_offered_no_leads_work(person):
    page = person("erin").open("p/digits/")
    seek(page, "start mining")
    expect(page.get_by_role("option").filter(has_text="Start mining")).to_have_count(0)


def test_the_bell_leads_to_what_is_ones_turn(person):
    lena = person("lena")
    page = lena.open("p/digits/")
    bell = page.locator("#bell")
    told = int(bell.get_attribute("data-unread"))
    assert told > 0, "the demo's runs ended, and its leads were told"
    bell.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/you/notifications/")
    lena.shoot("notifications")
    assert faults(page) == []
    page.get_by_role("button", name="Mark as read:").first.press("Enter")
    expect(bell).to_have_attribute("data-unread", str(told - 1))
    page.get_by_role("button", name="Mark all as read").press("Enter")
    expect(bell).to_have_attribute("data-unread", "0")
    page.get_by_role("listitem").get_by_role("button").first.press("Enter")
    page.wait_for_url("**/p/**")


def test_a_page_that_is_left_open_counts_the_bell_again(person):
    lena = person("lena")
    page = lena.page
    page.clock.install()
    lena.open("you/tokens/")
    with page.expect_response("**/you/notifications/bell/"):
        page.clock.run_for(61_000)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.clock.run_for(300_000)
    assert not [url for url in asked if "bell" in url], "nobody looks at it"


def save_keys(page):
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()


def at_the_desk(somebody):
    page = somebody.open("p/digits/desk/")
    page.locator(".desk-card").wait_for()
    return page


@pytest.fixture
def own_keys(person):
    """Somebody at the page of their keys, who has them as they were made again when the test is over."""

    def arrive(name):
        people.append(person(name))
        people[-1].open("you/keys/")
        return people[-1]

    people = []
    yield arrive
    for somebody in people:
        page = somebody.open("you/keys/")
        page.get_by_role("button", name="As they were made").press("Enter")
        page.get_by_label("Single keys do something").set_checked(True)
        save_keys(page)
        page = at_the_desk(somebody)
        page.keyboard.press("s")
        expect(page.locator("dialog#skip")).to_be_visible()


def test_a_key_of_ones_own_does_what_the_other_did(own_keys):
    erin = own_keys("erin")
    page = erin.page
    skip = page.get_by_label("Skip: not for me")
    skip.focus()
    page.keyboard.type("c")
    page.get_by_role("button", name="Save").press("Enter")
    said = skip.evaluate("field => field.validationMessage")
    assert said == "“Comment, or note” has this key already."
    skip.focus()
    page.keyboard.type("k")
    save_keys(page)
    erin.shoot("keys")
    assert faults(page) == []

    page = at_the_desk(erin)
    expect(page.locator("[data-opens=skip] kbd")).to_have_text("K")
    page.keyboard.press("s")
    expect(page.locator("dialog#skip")).to_be_hidden()
    page.keyboard.press("k")
    expect(page.locator("dialog#skip")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator(".cheat-sheet")).to_contain_text("KSkip: not for me")
    expect(page.locator(".cheat-sheet")).to_contain_text("Ctrl KGo to a page", ignore_case=True)


def test_who_switches_single_keys_off_presses_none_by_accident(own_keys):
    emil = own_keys("emil")
    page = emil.page
    page.get_by_label("Single keys do something").press("Space")
    save_keys(page)

    page = at_the_desk(emil)
    expect(page.locator("[data-opens=skip] kbd")).to_be_hidden()
    page.keyboard.press("s")
    expect(page.locator("dialog#skip")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


@pytest.mark.parametrize(
    "mode", [{"scheme": "light"}, {"scheme": "dark", "narrow": True}], ids=["light", "dark-narrow"]
)
@pytest.mark.parametrize("path", ["notifications", "notifications/settings", "keys"])
def test_ones_own_pages_are_accessible_and_fit(person, path, mode):
    luis = person("luis", **mode)
    page = luis.open(f"you/{path}/")
    luis.shoot(f"page-you-{path.replace('/', '-')}")
    wrong = faults(page)
    page.locator("[data-palette]").click()
    page.locator("#palette [role=option]").first.wait_for()
    luis.shoot(f"palette-over-{path.replace('/', '-')}")
    assert wrong + faults(page) == []
