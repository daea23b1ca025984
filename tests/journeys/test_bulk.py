"""Labelling in bulk in a real browser: by keys, by touch, and what becomes of it when the world comes apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.config.demo.project import PASSWORD
from tests.live.stack import Stack, until

from .conftest import Person
from .test_every_page import AXE, FIND

pytestmark = [pytest.mark.live, pytest.mark.browser]

SAID = """
SELECT key, answers->>'digit', annotation.condition, confidence, active_ms
FROM annotation_annotation AS annotation JOIN annotation_assignment AS own ON own.id = assignment_id
JOIN annotation_task AS task ON task.id = own.task_id JOIN examples_example AS example ON example.id = example_id
JOIN projects_project AS project ON project.id = project_id WHERE slug = %s ORDER BY annotation.id
"""
HELD = """
SELECT count(*) FROM annotation_assignment AS own JOIN annotation_task AS task ON task.id = task_id
JOIN annotation_queue AS queue ON queue.id = queue_id JOIN projects_project AS project ON project.id = project_id
WHERE slug = %s AND own.state = 'leased'
"""
numbers = iter(range(1_000))


class Somebody(Person):
    """The one expert of a project of their own with 60 texts, of which the model calls a third each 3, 5, 8."""

    def __init__(self, browser: Browser, stack: Stack, **how: Any) -> None:
        self.slug = f"bulk{next(numbers)}"
        told = {"slug": self.slug, "experts": 1, "tasks": 60, "overlap": 1, "lease_seconds": 600}
        stack.program("tests.live.desk", {**told, "password": PASSWORD})
        super().__init__(browser, stack, f"{self.slug}-0", **how)
        self.sign_in()

    def go(self) -> Page:
        return self.open(f"p/{self.slug}/desk/bulk/")

    def take(self) -> Page:
        page = self.go()
        page.locator("#size").select_option("25")
        page.locator("#take").click()
        expect(page.locator(".tile")).to_have_count(25)
        return page

    def said(self) -> list[Any]:
        return [row[:4] for row in self.stack.rows(SAID, self.slug)]

    def held(self) -> int:
        return int(self.stack.value(HELD, self.slug))


@pytest.fixture
def somebody(chromium: Browser, seeded: Stack) -> Iterator[Callable[..., Somebody]]:
    people: list[Somebody] = []

    def arrive(**how: Any) -> Somebody:
        people.append(Somebody(chromium, seeded, **how))
        return people[-1]

    yield arrive
    for one in people:
        one.leave()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def counts(page: Page, words: str) -> None:
    expect(page.locator("#counts")).to_have_text(words)


def keys_of(page: Page) -> list[str]:
    """The examples on the tiles, in their order."""
    return [str(text).rsplit(" ", 1)[-1] for text in page.locator(".tile-text").all_inner_texts()]


def test_a_batch_is_labelled_and_sent_by_keys_alone(somebody: Callable[..., Somebody]) -> None:
    erin = somebody()
    page = erin.go()
    page.locator("#take").focus()
    press(page, "Enter")
    expect(page.locator(".tile")).to_have_count(25)
    keys = keys_of(page)
    press(page, "Space", "Shift+ArrowRight", "Shift+ArrowRight", "5")
    counts(page, "0 selected · 3 of 25 labelled")
    press(page, "m", "8")
    counts(page, "7 selected · 3 of 25 labelled")
    press(page, "8", "Control+z")
    counts(page, "7 selected · 3 of 25 labelled")
    press(page, "Control+Shift+z")
    counts(page, "7 selected · 10 of 25 labelled")
    press(page, "Escape", "Home", "Space", "v", "2")
    press(page, "End", "Space", "v", "4")
    counts(page, "0 selected · 11 of 25 labelled")
    press(page, "Enter")
    expect(page.locator("#sending-says")).to_have_text(
        "7 × 8, 2 × 5, 1 × 5 (Ambiguous), 1 × Unusable. 14 without a label stay here."
    )
    press(page, "4")
    until(lambda: len(erin.said()) == 11, what="eleven answers")
    expect(page.locator(".tile")).to_have_count(25)
    said = {key: rest for key, *rest in erin.said()}
    assert said[keys[0]] == ["5", "ambiguous", 4]
    assert said[keys[1]] == ["5", "clear", 4]
    assert said[keys[24]] == [None, "unusable", 4]
    assert Counter(label for label, *_ in said.values()) == {"8": 7, "5": 3, None: 1}
    assert erin.troubles == []


def test_the_time_of_a_batch_is_shared_among_its_answers(somebody: Callable[..., Somebody]) -> None:
    erin = somebody()
    page = erin.take()
    page.wait_for_timeout(1_000)
    press(page, "Control+a", "3", "Enter", "3")
    until(lambda: len(erin.said()) == 25, what="25 answers")
    times = [row[4] for row in erin.stack.rows(SAID, erin.slug)]
    assert max(times) - min(times) <= 1
    assert 900 <= sum(times) <= 15_000


def test_a_batch_is_labelled_by_touch(somebody: Callable[..., Somebody]) -> None:
    erin = somebody(narrow=True, scheme="dark")
    page = erin.take()
    keys = keys_of(page)
    for place in (0, 2, 3):
        page.locator(".tile-face").nth(place).tap()
    counts(page, "3 selected · 0 of 25 labelled")
    page.locator(".bulk-label", has_text="8").tap()
    page.locator(".tile-open").nth(1).tap()
    expect(page.locator("#large-shown .subject")).to_contain_text(keys[1])
    page.locator("#large [data-value='5']").tap()
    page.locator("#large .dialog-actions [data-closes]").tap()
    counts(page, "0 selected · 4 of 25 labelled")
    page.locator("#send").tap()
    page.locator("[data-confidence='2']").tap()
    until(lambda: len(erin.said()) == 4, what="four answers")
    assert {key: label for key, label, *_ in erin.said()} == dict(zip(keys[:4], "8588", strict=True))
    erin.shoot("bulk")


def test_shift_and_a_drawn_box_select_with_the_mouse(somebody: Callable[..., Somebody]) -> None:
    page = somebody().take()
    faces = page.locator(".tile-face")
    faces.nth(0).click()
    faces.nth(2).click(modifiers=["Shift"])
    counts(page, "3 selected · 0 of 25 labelled")
    press(page, "Escape")
    counts(page, "0 selected · 0 of 25 labelled")
    first, last = faces.nth(0).bounding_box(), faces.nth(1).bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 20, steps=4)
    page.mouse.up()
    counts(page, "2 selected · 0 of 25 labelled")


def test_labels_that_were_not_sent_are_there_after_a_reload(somebody: Callable[..., Somebody]) -> None:
    erin = somebody()
    page = erin.take()
    keys = keys_of(page)
    press(page, "Space", "ArrowRight", "Space", "8")
    counts(page, "0 selected · 2 of 25 labelled")
    page.wait_for_timeout(300)
    page.reload()
    counts(page, "0 selected · 2 of 25 labelled")
    assert set(keys_of(page)) == set(keys)
    press(page, "Enter", "3")
    until(lambda: len(erin.said()) == 2, what="two answers")
    assert sorted(erin.said()) == sorted([(key, "8", "clear", 3) for key in keys[:2]])


def test_without_a_network_answers_wait_and_count_once_when_it_is_back(
    somebody: Callable[..., Somebody],
) -> None:
    erin = somebody()
    page = erin.take()
    erin.context.set_offline(True)
    press(page, "m", "5", "5", "Enter", "3")
    expect(page.locator("#offline")).to_contain_text("8 answers wait")
    press(page, "Control+a", "3", "Enter", "3")
    expect(page.locator("#offline")).to_contain_text("25 answers wait")
    assert erin.said() == []
    erin.context.set_offline(False)
    until(lambda: len(erin.said()) == 25, what="25 answers")
    expect(page.locator("#offline")).to_be_hidden()
    page.wait_for_timeout(500)
    assert len({key for key, *_ in erin.said()}) == len(erin.said()) == 25


def test_a_tab_that_dies_with_answers_on_their_way_loses_none(somebody: Callable[..., Somebody]) -> None:
    erin = somebody()
    page = erin.take()
    page.route("**/bulk/submit/", lambda route: route.abort())
    press(page, "Control+a", "3", "Enter", "3")
    expect(page.locator("#offline")).to_contain_text("25 answers wait")
    page.close()
    erin.page = erin.context.new_page()
    erin.go()
    until(lambda: len(erin.said()) == 25, what="25 answers")


def test_one_that_was_finished_elsewhere_is_told_and_the_others_count(
    somebody: Callable[..., Somebody],
) -> None:
    erin = somebody()
    page = erin.take()
    press(page, "Control+a", "3")
    first = page.get_attribute(".tile", "data-assignment")
    done = page.request.post(
        f"{erin.stack.url}p/{erin.slug}/desk/{first}/answer/",
        form={"answers.digit": "8", "request_key": "elsewhere", "condition": "clear"},
        headers={"Referer": page.url, **csrf(page)},
    )
    assert done.status == 204
    press(page, "Enter", "3")
    expect(page.locator("#toasts")).to_contain_text("1 was not taken: You have already answered this task.")
    until(lambda: len(erin.said()) == 25, what="25 answers")
    assert Counter(label for _, label, *_ in erin.said()) == {"3": 24, "8": 1}


def csrf(page: Page) -> dict[str, str]:
    token = next(one["value"] for one in page.context.cookies() if one["name"] == "csrftoken")
    return {"X-CSRFToken": str(token), "HX-Request": "true"}


def test_leaving_the_page_gives_back_what_has_no_label(somebody: Callable[..., Somebody]) -> None:
    erin = somebody()
    page = erin.take()
    press(page, "Space", "3")
    assert erin.held() == 25
    page.wait_for_timeout(300)
    page.get_by_role("link", name="Round").first.click()
    until(lambda: erin.held() == 1, what="24 tasks given back")


def test_what_is_skipped_goes_and_what_is_given_back_goes(somebody: Callable[..., Somebody]) -> None:
    erin = somebody()
    page = erin.take()
    press(page, "Space", "s", "1")
    expect(page.locator(".tile")).to_have_count(24)
    press(page, "3")
    page.locator("#give-back").click()
    expect(page.locator(".tile")).to_have_count(1)
    until(lambda: erin.held() == 1, what="23 tasks given back")


def test_signing_in_again_over_the_page_sends_what_waits(somebody: Callable[..., Somebody]) -> None:
    erin = somebody()
    page = erin.take()
    press(page, "Control+a", "5")
    erin.context.clear_cookies(name="sessionid")
    press(page, "Enter", "3")
    page.get_by_label(re.compile("Password of")).fill(PASSWORD)
    press(page, "Enter")
    until(lambda: len(erin.said()) == 25, what="25 answers")


DIALOGS = {"": None, "m": "#select", "v": "#condition", "s": "#skip", "+": "#large", "?": "#cheat-sheet"}


@pytest.mark.parametrize(
    "how", [{"scheme": "light"}, {"scheme": "dark", "narrow": True}], ids=["wide", "narrow"]
)
def test_the_grid_and_its_dialogs_are_accessible(
    somebody: Callable[..., Somebody], how: dict[str, Any]
) -> None:
    erin = somebody(**how)
    page = erin.take()
    press(page, "Space", "3", "ArrowRight", "Space")
    page.evaluate(AXE)
    wrong = []
    for key, dialog in {**DIALOGS, "Enter": "#sending"}.items():
        if dialog:
            press(page, key)
            expect(page.locator(dialog)).to_be_visible()
        wrong += [f"{dialog}: {finding}" for finding in page.evaluate(FIND)]
        erin.shoot(f"bulk-{(dialog or 'grid').strip('#')}")
        press(page, "Escape")
        page.locator(".tile-face").nth(1).focus()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    assert not wrong, "\n".join(wrong)
