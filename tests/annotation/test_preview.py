"""A protocol is seen as its card before it is put in force."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.projects.domain.ready import READY
from apps.projects.models import Protocol
from tests.conftest import PROTOCOL, House

pytestmark = pytest.mark.django_db


def preview(client: Client, house: House, body: Any, by: str = "lena") -> str:
    client.force_login(house.people[by])
    text = body if isinstance(body, str) else json.dumps(body)
    answer = client.post(
        reverse("annotation:preview", args=["digits"]), {"body": text}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_preview_asks_the_questions_on_an_example_of_the_project(client: Client, house: House) -> None:
    house.example("first")
    house.example("held out", label="3", split="benchmark")

    page = preview(client, house, {**PROTOCOL, "guidelines": "New."})

    assert "the text of first" in page
    assert "legibility" in page
    assert Protocol.objects.count() == 1


@pytest.mark.parametrize("name", sorted(READY))
def test_every_ready_protocol_can_be_previewed_before_there_is_any_example(
    client: Client, house: House, name: str
) -> None:
    page = preview(client, house, READY[name].body)

    assert "There is no example yet" in page
    for question in READY[name].body["questions"]:
        assert question["title"] in page


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "this is not JSON"),
        ("[]", "A protocol is a JSON object"),
        (
            {
                **PROTOCOL,
                "questions": [{**PROTOCOL["questions"][0], "options": [{"value": "a", "key": "s"}, "b"]}],
            },
            "would do two things",
        ),
    ],
)
def test_what_is_wrong_is_said_while_one_writes(client: Client, house: House, body: Any, words: str) -> None:
    assert words in preview(client, house, body)
