"""What becomes of old answers: guessed, checked, and followed through any number of versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import BadInput
from apps.projects.domain import check_protocol, protocol_digest
from apps.projects.domain.mapping import check_mapping, fates, guess, labels_carried
from apps.projects.domain.reading import Read, Reading, Version

SINCE = datetime(2026, 11, 2, tzinfo=UTC)


def protocol(*options: Any, name: str = "digit", more: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    target = {"name": name, "kind": "choice", "target": True, "options": list(options)}
    return check_protocol(
        {"fields": [{"name": "text", "kind": "text"}], "questions": [target, *(more or [])]}
    )


def versions(*steps: tuple[dict[str, Any], dict[str, Any] | None]) -> list[Version]:
    """Versions a day apart, each with the whole mapping from the one before, as the service keeps it."""
    found: list[Version] = []
    for i, (body, mapping) in enumerate(steps, start=1):
        whole = check_mapping(mapping or {}, found[-1].body, body) if found else None
        found.append(Version(i, body, protocol_digest(body), whole, SINCE + timedelta(days=i)))
    return found


def mapped(**values: str | None) -> dict[str, Any]:
    return {"questions": {"digit": {"becomes": "digit", "values": values}}}


def test_what_keeps_its_name_stays_and_the_rest_is_left_behind_unless_said_otherwise():
    whole = check_mapping({}, protocol("a", "b", "c"), protocol("a", "c", "d"))
    assert whole["questions"]["digit"] == {"becomes": "digit", "values": {"a": "a", "b": None, "c": "c"}}


def test_a_renamed_target_is_the_target_still_but_another_question_is_left_behind():
    note = {"name": "note", "kind": "text", "required": False}
    remark = {**note, "name": "remark"}
    old, new = protocol("a", "b", more=[note]), protocol("a", "b", name="number", more=[remark])
    said = check_mapping({}, old, new)["questions"]
    assert (said["digit"]["becomes"], said["note"]["becomes"]) == ("number", None)
    assert labels_carried({"questions": said}, old, new) == {"a": "a", "b": "b"}


def test_a_guess_takes_the_most_alike_title_and_else_what_stands_in_the_same_place():
    old = protocol("lost card", "transfer", "7")
    new = protocol("card lost", "transfer", "seven")
    values = guess(old, new)["questions"]["digit"]["values"]
    assert values == {"lost card": "card lost", "transfer": "transfer", "7": "seven"}
    titled = {"name": "tone", "kind": "multi_choice", "title": "How does it sound?", "options": ["x", "y"]}
    renamed = {**titled, "name": "mood", "title": "How does it sound to you?"}
    said = guess(protocol("a", "b", more=[titled]), protocol("a", "b", more=[renamed]))["questions"]["tone"]
    assert said == {"becomes": "mood", "values": {"x": "x", "y": "y"}}


def test_a_question_of_another_kind_is_no_heir():
    old = protocol("1", "2")
    scale = {
        "name": "digit",
        "kind": "rating",
        "target": True,
        "criterion": {"anchors": {"1": "a", "2": "b"}},
    }
    new = check_protocol({"fields": old["fields"], "questions": [scale]})
    assert guess(old, new)["questions"]["digit"] == {"becomes": None, "values": {"1": None, "2": None}}
    (fate,) = fates(guess(old, new), old, new)
    assert (fate.heirs, fate.stays) == ((), False)


@pytest.mark.parametrize(
    ("mapping", "place"),
    [
        ([], "mapping"),
        ("all", "mapping"),
        ({"question": {}}, "mapping.question"),
        ({"questions": []}, "mapping"),
        ({"questions": {"mood": None}}, "mapping.questions.mood"),
        ({"questions": {"digit": "number"}}, "mapping.questions.digit"),
        ({"questions": {"digit": {"turns": "digit"}}}, "mapping.questions.digit"),
        ({"questions": {"digit": {"becomes": "note"}}}, "mapping.questions.digit.becomes"),
        ({"questions": {"digit": {"becomes": ["digit"]}}}, "mapping.questions.digit.becomes"),
        ({"questions": {"digit": {"values": {"z": "a"}}}}, "mapping.questions.digit.values"),
        ({"questions": {"digit": {"values": {"a": "z"}}}}, "mapping.questions.digit.values.a"),
        ({"questions": {"digit": {"values": {"a": ["b"]}}}}, "mapping.questions.digit.values.a"),
        ({"questions": {"one": {"becomes": "two"}, "two": {"becomes": "two"}}}, "mapping.questions"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_by_its_place(mapping, place):
    more = [{"name": name, "kind": "multi_choice", "options": ["x", "y"]} for name in ("one", "two")]
    more.append({"name": "note", "kind": "text", "required": False})
    with pytest.raises(BadInput) as refused:
        check_mapping(mapping, protocol("a", "b", more=more), protocol("a", "b", more=more))
    assert refused.value.detail["field"] == place


def test_a_label_goes_through_every_version_and_says_which_lost_it():
    reading = Reading(
        versions(
            (protocol("3", "5", "8"), None),
            (protocol("three", "five", "8"), mapped(**{"3": "three", "5": "five"})),
            (protocol("odd", "8"), mapped(three="odd", five="odd")),
            (protocol("odd", "even"), mapped()),
        )
    )
    assert [reading.label(one, 1) for one in "358"] == [Read("odd"), Read("odd"), Read(None, 4)]
    assert reading.label("five", 2) == Read("odd")
    assert reading.label("even", 4) == Read("even")
    assert reading.label(None, 1) == Read(None)
    assert reading.label("seven", 1) == Read("seven")  # never an option: left for whoever checks options
    assert reading.label("3", None) == Read("odd")  # given before there was any version
    assert reading.posterior({"3": 0.5, "5": 0.25, "(unusable)": 0.25}, 1) == {
        "odd": 0.75,
        "(unusable)": 0.25,
    }


def test_the_same_content_put_in_force_again_means_the_same_again():
    first, second = protocol("a", "b"), protocol("a", "c")
    reading = Reading(versions((first, None), (second, None), (first, None)))
    assert (reading.label("b", 1), reading.label("c", 2)) == (Read("b"), Read(None, 3))


def test_labels_are_read_under_the_version_that_was_in_force_when_they_came():
    reading = Reading(versions((protocol("a", "b"), None), (protocol("b", "a"), mapped(a="b", b="a"))))
    assert reading.version_at(SINCE) is None
    assert reading.version_at(SINCE + timedelta(days=1.5)) == 1
    assert reading.version_at(SINCE + timedelta(days=2)) == 2
    assert (reading.label("a", 1).label, reading.label("a", 2).label) == ("b", "a")


def test_a_model_s_classes_are_called_as_they_are_today():
    reading = Reading(
        versions((protocol("a", "b", "c"), None), (protocol("pet", "d"), mapped(a="pet", b="pet")))
    )
    assert reading.names(["c", "a", "b"]) == ["c", "pet", "pet"]
    assert reading.names(["pet", "d"]) == ["pet", "d"]
    assert reading.names(["x", "y"]) == ["x", "y"]


OPTIONS = ["a", "b", "c", "d"]
steps = st.lists(
    st.fixed_dictionaries({one: st.sampled_from([*OPTIONS, None]) for one in OPTIONS}), min_size=1, max_size=5
)


@given(steps)
def test_chains_of_mappings_compose(chain):
    # a guideline of its own makes each version a content of its own
    bodies = [{**protocol(*OPTIONS), "guidelines": str(i)} for i in range(len(chain) + 1)]
    reading = Reading(
        versions((bodies[0], None), *((b, mapped(**s)) for b, s in zip(bodies[1:], chain, strict=True)))
    )
    for label in OPTIONS:
        expected: str | None = label
        for step in chain:
            expected = step[expected] if expected is not None else None
        assert reading.label(label, 1).label == expected


@given(st.permutations(OPTIONS), st.integers(1, 4))
def test_a_mapping_that_changes_nothing_reads_every_label_as_it_is(order, n):
    bodies = [{**protocol(*order), "guidelines": str(i)} for i in range(n + 1)]
    reading = Reading(versions((bodies[0], None), *((body, guess(bodies[0], body)) for body in bodies[1:])))
    assert [reading.label(label, 1).label for label in order] == list(order)
    assert reading.names(order) == list(order)
