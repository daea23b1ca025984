"""Leads beside each other: one dispute each, and tasks kept for a group."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.live.stack import Stack, until

from .conftest import Person

pytestmark = [pytest.mark.live, pytest.mark.browser]

SLUG = "leads"
JOIN = """
INSERT INTO projects_membership (project_id, person_id, role, created_at)
SELECT project.id, person.id, 'lead', now() FROM projects_project AS project, accounts_user AS person
WHERE slug = %s AND username = %s
"""
SEATS = (
    "SELECT count(*) FROM annotation_assignment WHERE kind = 'adjudicate' AND state IN ('leased', 'draft')"
)
EXPIRED = "SELECT data->>'why' FROM core_event WHERE kind = 'assignment.expired' ORDER BY id DESC LIMIT 1"


@pytest.fixture
def disputes(seeded: Stack) -> Stack:
    """A project of lena's and luis' in which two experts differ on two tasks, and two more are open."""
    if not seeded.rows("SELECT 1 FROM projects_project WHERE slug = %s", SLUG):
        tokens = seeded.desk(SLUG, experts=2, tasks=4, overlap=2)
        for name in ("lena", "luis"):
            seeded.execute(JOIN, SLUG, name)
        for token, label in zip(tokens, ("3", "8"), strict=True):
            answer_two(seeded, token, label)
    return seeded


def answer_two(stack: Stack, token: str, label: str) -> None:
    with httpx.Client(
        base_url=f"{stack.url}api/v1/", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as http:
        for _ in range(2):
            held = http.post(f"projects/{SLUG}/assignments/next/").json()["assignment"]["id"]
            body, key = {"answers": {"digit": label}}, {"Idempotency-Key": uuid.uuid4().hex}
            assert http.post(f"assignments/{held}/annotations/", json=body, headers=key).is_success


def test_a_lead_undoes_a_choice_and_makes_it_again(person: Callable[..., Person], disputes: Stack) -> None:
    page = person("luis").open(f"p/{SLUG}/adjudication/")
    page.get_by_role("link", name="Settle the next").click()
    page.wait_for_selector("#settle .question[aria-current]")
    chosen = page.locator("#settle [name='answers.digit']:checked")
    page.keyboard.press("3")
    expect(chosen).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(chosen).to_have_count(0)
    page.keyboard.press("Control+Shift+z")
    expect(chosen).to_have_count(1)
    page.goto(f"{disputes.url}p/{SLUG}/members/")


def test_two_leads_do_not_settle_the_same_dispute(person: Callable[..., Person], disputes: Stack) -> None:
    luis, lena = person("luis"), person("lena")
    luis.open(f"p/{SLUG}/adjudication/").get_by_role("link", name="Settle the next").click()
    expect(luis.page.get_by_text("Kept for you while it is open")).to_be_visible()
    first = luis.page.url

    lena.open(f"p/{SLUG}/adjudication/")
    expect(lena.page.get_by_text(re.compile("Luis is at it"))).to_be_visible()
    lena.page.get_by_role("link", name="Settle the next").click()
    expect(lena.page.get_by_text("Kept for you while it is open")).to_be_visible()
    assert lena.page.url != first

    lena.page.goto(first)
    lena.page.get_by_role("button", name="Take it over").click()
    expect(lena.page.get_by_text("Kept for you while it is open")).to_be_visible()
    assert disputes.value(EXPIRED) == "taken over"
    luis.page.keyboard.press("3")
    luis.page.keyboard.press("Enter")
    luis.page.keyboard.press("1")
    luis.page.keyboard.press("Enter")
    expect(luis.page.get_by_text(re.compile("Lena is at this dispute"))).to_be_visible()
    expect(luis.page.get_by_role("link", name="Look at it again")).to_be_visible()

    lena.page.goto(f"{disputes.url}p/{SLUG}/members/")
    until(lambda: disputes.value(SEATS) == 0, what="the dispute given back")
    luis.page.goto(first)
    expect(luis.page.get_by_text("Kept for you while it is open")).to_be_visible()


def test_a_lead_makes_a_group_and_keeps_tasks_for_it(person: Callable[..., Person], disputes: Stack) -> None:
    luis = person("luis")
    page = luis.open(f"p/{SLUG}/members/")
    page.get_by_role("button", name="Make a group").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Night shift")
    for name in ("leads-0", "leads-1"):
        page.get_by_role("checkbox", name=re.compile(name)).check()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("Night shift is a group now.")).to_be_visible()

    luis.open(f"p/{SLUG}/mining/").get_by_role("link", name="Protocol 1").click()
    page.get_by_role("combobox", name="Reserve for").select_option("person:leads-0")
    page.get_by_role("button", name="Reserve").click()
    expect(page.get_by_text(re.compile("leads-0 cannot give: that is one person"))).to_be_visible()
    page.get_by_role("combobox", name="Reserve for").select_option("group:Night shift")
    page.get_by_role("button", name="Reserve").click()
    expect(page.get_by_text("2 tasks are reserved for Night shift now.")).to_be_visible()
    expect(page.get_by_text("enough people")).to_be_visible()
