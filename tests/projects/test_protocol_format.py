"""What may stand in a protocol; every refusal names its place and the mend."""

from __future__ import annotations

import copy
import re

import pytest
from django.db import DatabaseError, transaction

from apps.accounts.domain import KEYS
from apps.core.errors import BadInput, NotAllowed
from apps.projects.domain import SUGGESTION, check_answers, check_protocol
from apps.projects.models import Protocol
from apps.projects.services import add_protocol

FINE = {
    "fields": [{"name": "image", "kind": "image"}],
    "questions": [
        {"name": "digit", "kind": "choice", "target": True, "options": ["0", "1", "2"]},
        {
            "name": "legibility",
            "kind": "rating",
            "criterion": {"anchors": {"1": "no", "2": "so", "3": "yes"}},
        },
        {"name": "note", "kind": "text", "required": False},
    ],
}


def changed(path, value):
    body = copy.deepcopy(FINE)
    *way, last = path
    place = body
    for step in way:
        place = place[step]
    place[last] = value
    return body


def options(*values):
    return changed(("questions", 0, "options"), list(values))


def criterion(value):
    return changed(("questions", 1, "criterion"), value)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([], "body"),
        ({}, "fields"),
        (changed(("fields",), []), "fields"),
        (changed(("questions",), "all"), "questions"),
        (changed(("fields", 0), "image"), "fields[0]"),
        (changed(("fields", 0, "name"), "two words"), "fields[0].name"),
        (changed(("fields", 0, "name"), None), "fields[0].name"),
        (changed(("questions", 1, "name"), "n" * 41), "questions[1].name"),
        (changed(("fields", 0, "kind"), "video"), "fields[0].kind"),
        (changed(("questions", 2, "kind"), ["text"]), "questions[2].kind"),
        (changed(("questions", 2, "name"), "digit"), "questions[2].name"),
        (
            changed(("fields",), [{"name": "a", "kind": "text"}, {"name": "a", "kind": "text"}]),
            "fields[1].name",
        ),
        (changed(("questions", 0, "target"), False), "target"),
        (changed(("questions", 1, "target"), True), "target"),
        (changed(("questions", 0, "required"), False), "questions[0].required"),
        (options("0"), "questions[0].options"),
        (options("0", ""), "questions[0].options[1].value"),
        (options("0", "x" * 201), "questions[0].options[1].value"),
        (options("0", "1", "0"), "questions[0].options[2].value"),
        (options("0", {"title": "no value"}), "questions[0].options[1].value"),
        (options("0", None), "questions[0].options[1].value"),
        (options("0", {"value": "1", "key": "s"}), "questions[0].options[1].key"),
        (criterion(None), "questions[1].criterion.anchors"),
        (criterion({"anchors": {"1": "alone"}}), "questions[1].criterion.anchors"),
        (criterion({"anchors": {"1": "a", "3": "c"}}), "questions[1].criterion.anchors"),
        (criterion({"anchors": {"low": "a", "high": "b"}}), "questions[1].criterion.anchors"),
        (criterion({"anchors": {"1": "a", "²": "b"}}), "questions[1].criterion.anchors"),
        (criterion({"anchors": {"1": "a", "2": "b"}, "weight": "heavy"}), "questions[1].criterion.weight"),
        (changed(("confidence",), "never"), "confidence"),
        (changed(("suggestion",), 1), "suggestion"),
    ],
)
def test_a_bad_protocol_is_refused_by_its_place(body, place):
    with pytest.raises(BadInput) as refused:
        check_protocol(body)
    assert refused.value.detail["field"] == place


@pytest.mark.parametrize("key", sorted(KEYS))
def test_no_option_takes_a_key_that_an_action_has(key):
    with pytest.raises(BadInput, match=re.escape(KEYS[key])):
        check_protocol(options("0", {"value": "1", "key": key.upper()}))


@pytest.mark.parametrize(
    "choices",
    [
        [{"value": "a", "key": "1"}, {"value": "b", "key": "1"}],
        [{"value": "a", "key": "S"}, {"value": "b"}],
        [{"value": "a", "key": "?"}, {"value": "b"}],
        [{"value": "a", "key": "ab"}, {"value": "b"}],
        [{"value": "a", "key": " "}, {"value": "b"}],
    ],
)
def test_a_key_that_would_do_two_things_or_cannot_be_typed_is_refused(choices):
    with pytest.raises(BadInput, match="key"):
        check_protocol(options(*choices))


def test_options_get_the_digit_they_are_else_their_place():
    def keys(*values):
        return [option["key"] for option in check_protocol(options(*values))["questions"][0]["options"]]

    assert keys("7", "0", "3") == ["7", "0", "3"]
    assert keys("cat", "dog") == ["1", "2"]
    assert keys(*(f"class {n}" for n in range(10)))[-2:] == ["9", "0"]
    assert set(keys(*(f"class {n}" for n in range(11)))) == {""}
    assert keys({"value": "a", "key": "2"}, "b") == [
        "2",
        "1",
    ]  # its place is taken: the first digit that is free


@pytest.mark.parametrize("mode", SUGGESTION)
def test_every_way_to_suggest_has_words_and_can_be_chosen(mode):
    assert check_protocol({**FINE, "suggestion": mode})["suggestion"] == mode
    assert len(SUGGESTION[mode]) > 20


def test_what_is_left_out_is_filled_in_and_checking_twice_changes_nothing():
    checked = check_protocol({**FINE, "guidelines": None})
    assert checked["guidelines"] == ""
    assert (checked["confidence"], checked["suggestion"]) == ("gold_and_audit", "shown")
    assert checked["questions"][1]["criterion"]["weight"] == 1
    assert check_protocol(checked) == checked


@pytest.mark.parametrize(
    ("answers", "question"),
    [
        ({"digit": "9", "legibility": 2}, "digit"),
        ({"digit": 1, "legibility": 2}, "digit"),
        ({"legibility": 2}, "digit"),
        ({"digit": "1"}, "legibility"),
        ({"digit": "1", "legibility": 4}, "legibility"),
        ({"digit": "1", "legibility": True}, "legibility"),
        ({"digit": "1", "legibility": 2, "note": 5}, "note"),
        ({"digit": "1", "legibility": 2, "note": "x" * 20_001}, "note"),
        ({"digit": "1", "legibility": 2, "note": "a\x00b"}, "note"),
        ({"digit": "1", "legibility": 2, "note": "\ud800"}, "note"),
        ({"digit": "1", "legibility": 2, "mood": "good"}, "mood"),
        (["1", 2], "answers"),
    ],
)
def test_a_bad_answer_is_refused_by_its_question(answers, question):
    with pytest.raises(BadInput) as refused:
        check_answers(check_protocol(FINE), answers, condition="clear")
    assert refused.value.detail["field"] == question


def test_answers_are_kept_as_the_protocol_means_them():
    kept = check_answers(
        check_protocol(FINE), {"digit": "1", "legibility": "3", "note": ""}, condition="clear"
    )
    assert kept == {"digit": "1", "legibility": 3}
    assert check_answers(check_protocol(FINE), {"digit": "1"}, condition="unusable") == {}


@pytest.mark.django_db
def test_a_change_makes_the_next_version_and_the_same_content_none(house, at):
    first = house.project.protocol
    again = add_protocol(project=house.project, body=first.body, by=house.lena, at=at)
    assert again == first
    second = add_protocol(project=house.project, body=FINE, by=house.lena, at=at)
    house.project.refresh_from_db()
    assert (second.version, house.project.protocol) == (2, second)
    assert second.classes == ["0", "1", "2"]
    assert second.target["name"] == "digit"


@pytest.mark.django_db
def test_going_back_to_an_older_content_is_a_new_version(house, at):
    first = house.project.protocol.body
    add_protocol(project=house.project, body=FINE, by=house.lena, at=at)
    third = add_protocol(project=house.project, body=first, by=house.lena, at=at)
    assert third.version == 3


@pytest.mark.django_db
def test_experts_do_not_edit_the_protocol_and_a_bad_one_changes_nothing(house, at):
    with pytest.raises(NotAllowed):
        add_protocol(project=house.project, body=FINE, by=house.erin, at=at)
    with pytest.raises(BadInput):
        add_protocol(project=house.project, body={}, by=house.lena, at=at)
    assert Protocol.objects.count() == 1


@pytest.mark.django_db
def test_the_database_refuses_to_change_a_version(house):
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        Protocol.objects.update(body={})
