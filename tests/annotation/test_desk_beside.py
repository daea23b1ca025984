"""What the desk's page asks beside its cards: the one ahead, answers that waited, what was changed elsewhere."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from apps.annotation.models import Assignment, AssignmentState
from tests.annotation.test_desk import HTMX, Desk, done, example_on, held

pytestmark = pytest.mark.django_db


@pytest.fixture
def erin(client, house):
    house.clock = timezone.now()
    return Desk(client, house, house.erin)


def test_a_card_ahead_comes_beside_the_one_that_is_shown(erin, house):
    for number in range(3):
        house.task(f"t{number}", priority=-number)
    first = held(erin.lease())
    ahead = erin.client.post(erin.url("ahead"), {"showing": first}, headers=HTMX)
    assert example_on(ahead) == "t1"
    after = erin.submit(first, showing=held(ahead))
    assert (example_on(after), done(after)["id"]) == ("t2", first)
    assert held(erin.open()) == held(ahead)


def test_nothing_ahead_is_no_card(erin, house):
    house.task("a")
    first = held(erin.lease())
    assert erin.client.post(erin.url("ahead"), {"showing": first}, headers=HTMX).status_code == 204


def test_an_answer_that_waited_in_a_browser_is_kept_and_leases_nothing(erin, house):
    house.task("a", priority=1)
    house.task("b")
    card = held(erin.lease())
    kept = erin.press("answer", card, **{"answers.digit": "8", "request_key": "k"})
    assert (kept.status_code, done(kept)["state"]) == (204, "submitted")
    assert not Assignment.objects.filter(state=AssignmentState.LEASED).exists()


def test_a_draft_changed_elsewhere_is_refused_and_its_card_shows_what_is_there(erin, house):
    house.task("a")
    card = held(erin.lease())
    erin.press("draft", card, comment="from the one", based_on="", page="one")
    refused = erin.press("draft", card, comment="from the other", based_on="", page="other")
    assert (refused.status_code, refused.headers["X-Error-Code"]) == (409, "changed_elsewhere")
    there = erin.client.get(erin.url("stand", card), headers=HTMX).content.decode()
    assert ">from the one</textarea>" in there
    version = re.search(r'data-version="([^"]+)"', there)[1]
    assert erin.press("draft", card, comment="mine", based_on=version, page="other").status_code == 204


def test_a_card_that_is_done_shows_the_answer_that_was_submitted(erin, house):
    house.task("a")
    card = held(erin.lease())
    erin.submit(card, "8")
    there = erin.client.get(erin.url("stand", card), headers=HTMX).content.decode()
    assert re.search(r'value="8" data-choice="8" checked', there)
