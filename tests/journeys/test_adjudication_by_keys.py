"""A lead settles by keys alone: labels found by typing, an answer taken over, every question of a long protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.config.demo.caller import Caller
from tests.live.stack import Stack

from .conftest import Person
from .test_every_question import PAYLOAD, PROTOCOL, span
from .test_leads import JOIN

pytestmark = [pytest.mark.live, pytest.mark.browser]

SLUG = "bykeys"
LABELS = (
    [f"animal/dog/{name}" for name in ("big", "small")] + [f"plant/{n}" for n in range(10)] + ["animal/cat"]
)
TARGET = {"name": "topic", "kind": "choice", "target": True, "title": "What is it?", "options": LABELS}
LONG = {**PROTOCOL, "questions": [TARGET, *PROTOCOL["questions"][1:]], "confidence": "gold_and_audit"}
SETTLED = """
SELECT given.answers FROM annotation_annotation given JOIN annotation_assignment held ON held.id = given.assignment_id
JOIN annotation_task task ON task.id = held.task_id JOIN examples_example example ON example.id = task.example_id
WHERE held.kind = 'adjudicate' AND example.key = %s
"""


def answered(topic: str, correctness: int, verdicts: list[str | None]) -> dict[str, Any]:
    return {
        "topic": topic,
        "correctness": correctness,
        "clarity": 3,
        "better": {"preferred": "response", "left": "alternative"},
        "flaws": [span("mixes", "wrong")],
        "mended": "She mixes acids.",
        "steps": {"verdicts": verdicts},
        "tone": ["dry"],
        "order": [2, 0, 1],
    }


ONE = answered("animal/cat", 5, ["right", "right", "right"])
OTHER = answered("plant/3", 2, ["wrong", None, None])


@pytest.fixture
def page(person: Callable[..., Person], seeded: Stack) -> Iterator[Page]:
    """Lena before the first of two disputes."""
    told = {"slug": SLUG, "experts": 2, "tasks": 2, "overlap": 2, "lease_seconds": 600}
    tokens = seeded.program("tests.live.desk", {**told, "protocol": LONG, "payload": PAYLOAD})
    seeded.execute(JOIN, SLUG, "lena")
    for n, (token, answers) in enumerate(zip(tokens, (ONE, OTHER), strict=True)):
        caller = Caller(SLUG, url=seeded.url, token=token)
        for turn in range(2):
            held = caller.post(f"projects/{SLUG}/assignments/next/")["assignment"]["id"]
            path = f"assignments/{held}/annotations/"
            caller.post(path, {"answers": answers}, Idempotency_Key=f"{SLUG}-{n}-{turn}")
        caller.close()
    lena = person("lena")
    found = lena.open(f"p/{SLUG}/adjudication/")
    found.get_by_role("link", name="Settle the next").click()
    found.wait_for_selector("#settle .step[data-current]")
    yield found
    assert lena.troubles == []


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def find_a_label(page: Page) -> None:
    press(page, "/")
    page.keyboard.type("dog")
    paths = page.locator("[data-found] > .choice-path:visible")
    expect(paths).to_have_text(["animal/dog"])
    press(page, "ArrowDown", "Enter")
    topic = page.locator("[name='answers.topic']:checked")
    expect(topic).to_have_value("animal/dog/small")
    press(page, "/")
    page.keyboard.type("nothing of the kind")
    expect(page.locator("[data-found][data-none]")).to_have_count(1)
    press(page, "Enter", "Escape")
    expect(topic).to_have_value("animal/dog/small")


def test_a_lead_settles_a_long_protocol_by_keys(page: Page, seeded: Stack) -> None:
    find_a_label(page)
    topic = page.locator("[name='answers.topic']:checked")
    press(page, "=")
    expect(page.locator(".side[data-taken]")).to_have_attribute("data-letter", "A")
    expect(topic).to_have_value("animal/cat")
    press(page, "=")
    expect(page.locator(".side[data-taken]")).to_have_attribute("data-letter", "B")
    expect(topic).to_have_value("plant/3")
    press(page, "Control+z")
    expect(topic).to_have_value("animal/cat")
    key = page.locator("#dispute-title").inner_text()
    page.locator(".question:has([name=cause])").focus()
    press(page, "3", "Enter")
    expect(page.locator("#dispute-title")).not_to_have_text(key)
    [(kept,)] = seeded.rows(SETTLED, key)
    assert kept == {**ONE, "better": {"preferred": "response", "left": "response"}} | {
        "steps": {"verdicts": ["right"] * 3, "first_wrong": None, "rewrites": {}}
    }

    mark_and_judge(page)


def mark_and_judge(page: Page) -> None:
    page.wait_for_selector("#settle .step[data-current]")
    page.locator("[data-kind=spans]").focus()
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowLeft", "1")
    expect(page.locator("[data-kind=spans] .marked")).to_contain_text("👩‍🔬 mixes")
    page.locator("[data-kind=steps]").focus()
    press(page, "1", "]", "[", "2")
    expect(page.locator("[data-verdict='2']:checked")).to_have_count(1)
    press(page, "Shift+Enter")
    expect(page.locator(".step[data-current] textarea")).to_be_focused()
