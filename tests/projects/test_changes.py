"""What changed between two versions, in words; between any two."""

from __future__ import annotations

import copy

import pytest
from django.test import Client
from django.urls import reverse

from apps.projects.domain import check_protocol
from apps.projects.domain.changes import changes
from apps.projects.domain.ready import READY
from apps.projects.services import add_protocol
from tests.conftest import PROTOCOL, House

RESPONSE = check_protocol(READY["response"].body)
TARGET = "Good enough to teach from?"


def words(old: dict, new: dict) -> list[str]:
    found = changes(old, check_protocol(new))
    return [f"{one.kind} {one.where}{': ' if one.where else ''}{one.words}" for one in found]


def altered() -> dict:
    return copy.deepcopy(RESPONSE)


def test_nothing_differs_from_itself_and_everything_is_new_at_first():
    assert words(RESPONSE, RESPONSE) == []
    assert {line.partition(" ")[0] for line in words({}, RESPONSE)} == {"added"}


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("questions", 0, "title"), "Fine?", "changed Fine?: Title: “Good enough to teach from?” is “Fine?” now"),
        (("questions", 1, "criterion", "weight"), 3, "changed Correctness: Weight: 2 is 3 now"),
        (("questions", 1, "criterion", "anchors", "1"), "No", "changed Correctness: Point 1: “Wrong” is “No” now"),
        (("questions", 1, "criterion", "anchors", "6"), "More", "added Correctness: Point 6: “More”"),
        (("questions", 3, "required"), False, "changed As it should be: May be left out now"),
        (("questions", 3, "field"), "prompt", "changed As it should be: Field: “response” is “prompt” now"),
        (("questions", 0, "options", 0, "key"), "y", f"changed {TARGET} · yes: Key: “1” is “y” now"),
        (("questions", 0, "options", 1, "value"), "not", f"changed {TARGET} · no: Value: “no” is “not” now"),
        (("questions", 0, "options", 1), "not", f"changed {TARGET}: Option “no” is “not” now"),
        (("fields", 0, "kind"), "markdown", "changed Field Prompt: Kind: “text” is “markdown” now"),
        (("guidelines",), "Other.", "changed Guidelines"),
        (("suggestion",), "shown", "changed Suggestion: The model's prediction is shown"),
    ],
)  # fmt: skip
def test_each_change_is_one_line(path, value, line):
    new = altered()
    place = new
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert words(RESPONSE, new) == [line]


def test_questions_options_and_fields_come_go_and_change_places():
    new = altered()
    new["questions"][0]["options"].append({"value": "perhaps", "title": "Perhaps", "key": "9"})
    new["questions"].pop(2)
    new["questions"].append({"name": "note", "kind": "text", "title": "Note"})
    new["fields"].reverse()
    assert words(RESPONSE, new) == [
        "changed The fields stand in another order",
        "added Good enough to teach from?: Option Perhaps (perhaps)",
        "added Question Note (a text of one's own)",
        "removed Question Clarity (clear)",
    ]


@pytest.mark.django_db
def test_any_two_versions_are_compared(client: Client, house: House) -> None:
    for words_ in ("Two.", "Three."):
        body = {**PROTOCOL, "guidelines": words_}
        add_protocol(project=house.project, body=body, by=house.lena, at=house.later(days=1))
    client.force_login(house.erin)
    url = reverse("projects:protocol_version", args=["digits", 3])

    assert "From version 2 to version 3" in client.get(url).content.decode()
    page = client.get(f"{url}?against=1").content.decode()
    assert "From version 1 to version 3" in page
    assert "Guidelines" in page
    assert client.get(f"{url}?against=8").status_code == 404
    assert client.get(f"{url}?against=x").status_code == 422
