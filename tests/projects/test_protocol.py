"""The protocol as experts see it, its editor, its versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.projects.domain import check_protocol
from apps.projects.domain.ready import READY
from tests.conftest import PROTOCOL, House

pytestmark = pytest.mark.django_db


def save(client: Client, house: House, body: Any, by: str = "lena") -> HttpResponse:
    client.force_login(house.people[by])
    text = body if isinstance(body, str) else json.dumps(body)
    answer: HttpResponse = client.post(reverse("annotation:save_protocol", args=["digits"]), {"body": text})
    return answer


def look(client: Client, house: House, name: str, path: str = "") -> str:
    client.force_login(house.people[name])
    return client.get(reverse("projects:protocol", args=["digits"]) + path).content.decode()


def test_experts_see_questions_options_and_anchors_but_no_editor(client: Client, house: House) -> None:
    html = look(client, house, "erin")

    assert "barely" in html
    assert "<kbd>3</kbd>" in html
    assert "Edit" not in html.partition("<main")[2]


def test_a_changed_protocol_is_the_next_version_with_its_difference(client: Client, house: House) -> None:
    save(client, house, {**PROTOCOL, "guidelines": "Look *twice*."})

    assert "<em>twice</em>" in look(client, house, "erin")
    html = look(client, house, "erin", "2/")
    assert "Look *twice*." in html
    assert 'data-change="added"' in html
    assert 'data-change="removed"' in html


def test_guidelines_cannot_carry_markup_of_their_own(client: Client, house: House) -> None:
    save(client, house, {**PROTOCOL, "guidelines": "<script>alert(1)</script> [x](javascript:alert(1))"})

    html = look(client, house, "erin")

    assert "<script>alert" not in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{\n  oops", "Line 2, column 3: this is not JSON"),
        ({**PROTOCOL, "questions": []}, "`questions` must be a list"),
        ({**PROTOCOL, "fields": [{"name": "x", "kind": "film"}]}, 'data-problem="fields[0].kind"'),
    ],
)
def test_a_bad_protocol_is_refused_naming_the_place_and_keeping_the_text(
    client: Client, house: House, body: Any, words: str
) -> None:
    answer = save(client, house, body)

    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    kept = body if isinstance(body, str) else json.dumps(body["fields"][0]["kind"])
    assert kept in html.partition("<textarea")[2].replace("&quot;", '"')
    assert house.project.protocols.count() == 1


def test_experts_cannot_save_and_a_version_that_is_not_there_is_not_found(
    client: Client, house: House
) -> None:
    assert save(client, house, {**PROTOCOL, "guidelines": "mine"}, by="erin").status_code == 403
    assert client.get(reverse("projects:protocol_version", args=["digits", 9])).status_code == 404
    assert house.project.protocols.count() == 1


@pytest.mark.parametrize("name", sorted(READY))
def test_every_ready_protocol_fills_the_editor_and_can_be_put_in_force(
    client: Client, house: House, name: str
) -> None:
    body = READY[name].body

    assert f'value="{body["fields"][0]["name"]}"' in look(client, house, "lena", f"edit/?start={name}")
    save(client, house, body)

    house.project.refresh_from_db()
    assert house.project.protocol is not None
    assert (house.project.protocol.version, house.project.protocol.body) == (2, check_protocol(body))


def test_a_ready_protocol_that_there_is_none_of_is_not_found(client: Client, house: House) -> None:
    assert "image-class" in look(client, house, "lena", "edit/?start=no-such")


def test_a_version_leaves_as_json_and_comes_back_the_same(client: Client, house: House) -> None:
    client.force_login(house.lena)
    answer = client.get(reverse("projects:protocol_file", args=["digits", 1]))

    assert answer["Content-Disposition"] == 'attachment; filename="digits-protocol-1.json"'
    assert house.project.protocol is not None
    assert check_protocol(json.loads(answer.content)) == house.project.protocol.body
