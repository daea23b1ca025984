"""Every list that goes on at a place named in the address, and what it does with a place that is none."""

from __future__ import annotations

from base64 import b64encode

import pytest
from django.test import Client
from django.utils import timezone

from apps.exchange.models import ImportRun, Webhook
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db

PAGES = {
    "adjudication/?after=": "lena",
    "audit/?before=": "ada",
    "datasets/1/?start=": "lena",
    "datasets/?before=": "lena",
    "adjudication/?settled=": "lena",
    "exports/?before=": "lena",
    "gold/?before=": "lena",
    "imports/1/?after=1:": "lena",
    "imports/1/?after=": "lena",
    "imports/?before=": "lena",
    "mining/?before=": "lena",
    "models/?before=": "lena",
    "my-work/?before=": "erin",
    "proposals/?before=": "lena",
    "proposals/?dataset=": "lena",
    "runs/?before=": "lena",
    "webhooks/1/?before=": "lena",
}
NO_PLACES = ["²", "-1", "1.5", "x", "9" * 19, "1" * 20, "9" * 5_000]


@pytest.mark.parametrize("place", NO_PLACES, ids=lambda place: place[:20])
def test_a_place_that_is_none_is_refused_by_every_list(client: Client, house: House, place: str) -> None:
    Turn(house).dataset()
    ImportRun.objects.create(pk=1, project=house.project, format="csv", created_at=timezone.now())
    hook = {"url": "https://a.example/", "events": [], "position": 0, "created_by": house.lena}
    Webhook.objects.create(pk=1, project=house.project, created_at=timezone.now(), **hook)

    answers = {}
    for address, person in PAGES.items():
        client.force_login(house.people[person])
        answer = client.get(f"/p/digits/{address}{place}")
        answers[address] = answer.status_code, answer.get("X-Error-Code")

    assert not {page: told for page, told in answers.items() if told != (422, "bad_input")}


def test_the_highest_key_of_all_is_a_place(client: Client, house: House) -> None:
    client.force_login(house.lena)
    assert client.get(f"/p/digits/mining/?before={2**63 - 1}").status_code == 200


@pytest.mark.parametrize("position", ["x", "9" * 5_000, "\x00"], ids=["word", "huge", "nul"])
@pytest.mark.parametrize("order", ["newest", "priority"])
def test_a_cursor_nobody_was_given_is_refused_by_the_api(
    client: Client, house: House, position: str, order: str
) -> None:
    house.task("a")
    client.force_login(house.lena)
    cursor = b64encode(f"p={position}".encode()).decode()

    answer = client.get("/api/v1/projects/digits/tasks/", {"cursor": cursor, "order": order})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_input")
