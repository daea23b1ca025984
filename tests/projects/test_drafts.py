"""A protocol written in the form: read, changed entry by entry, turned over to JSON and back, refused at the entry."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.projects.domain import check_protocol
from apps.projects.domain.drafting import change, filled, name_from, read_form
from apps.projects.domain.kinds import KINDS
from apps.projects.domain.ready import READY
from apps.projects.drafts import Problem, act, draft_of_text, read_draft
from tests.conftest import House

WRITTEN = {
    "fields[0].name": "text",
    "fields[0].kind": "text",
    "fields[0].was": "text",
    "questions[0].title": "What does it say?",
    "questions[0].kind": "choice",
    "questions[0].required": "on",
    "questions[0].options[0].value": "yes",
    "questions[0].options[1].value": "no",
    "questions[0].options[1].title": "No!",
    "questions[0].options[1].key": "f",
    "questions[1].title": "How well?",
    "questions[1].kind": "rating",
    "questions[1].criterion.anchors.1": "badly",
    "questions[1].criterion.anchors.2": "well",
    "questions[1].criterion.weight": "2,5",
    "target": "0",
    "guidelines": "Look twice.",
    "confidence": "always",
    "suggestion": "hidden",
    "csrfmiddlewaretoken": "x",
}


def test_a_form_is_read_as_the_protocol_that_its_names_spell():
    checked = read_draft(WRITTEN).checked()
    first, second = checked["questions"]
    assert (first["name"], first["target"], first["required"]) == ("what_does_it_say", True, True)
    assert first["options"][1] == {"value": "no", "title": "No!", "key": "f"}
    assert second["criterion"] == {"anchors": {"1": "badly", "2": "well"}, "weight": 2.5}
    assert (second["target"], second["required"]) == (False, False)
    assert (checked["confidence"], checked["guidelines"]) == ("always", "Look twice.")


def test_lines_that_nobody_changed_are_the_same_after_the_form():
    assert read_form([("guidelines", "Look\r\n\r\ntwice.")])["guidelines"] == "Look\n\ntwice."


@pytest.mark.parametrize("name", sorted(READY))
def test_the_form_and_the_json_are_two_views_of_one_thing(name: str) -> None:
    body = check_protocol(READY[name].body)
    controls = dict(_controls(draft_of_text(json.dumps(body))))
    assert read_draft(controls).checked() == body


def _controls(draft: Any) -> Any:
    """The form's controls with what stands in them, as a browser would send them untouched."""
    for field in draft.fields:
        yield from ((f"{field.place}.{name}", field.given[name]) for name in ("name", "kind", "title"))
    for question in draft.questions:
        for name in ("name", "kind", "title"):
            yield f"{question.place}.{name}", question.given[name]
        if question.given["required"]:
            yield f"{question.place}.required", "on"
        if question.given["target"]:
            yield "target", str(question.number - 1)
        for part in question.parts:
            yield from _part(part)
    yield from ((name, draft.body[name]) for name in ("guidelines", "confidence", "suggestion"))


def _part(part: Any) -> Any:
    match part.part.control:
        case "options":
            for row in part.rows:
                yield from ((f"{row.place}.{name}", row.given[name]) for name in ("value", "title", "key"))
        case "criterion":
            yield from ((point.place, point.given["text"]) for point in part.anchors)
            yield f"{part.place}.weight", part.weight
        case "field":
            yield part.place, part.value
        case "pair":
            yield from ((side.place, side.given["name"]) for side in part.named)


def test_every_kind_begins_with_room_for_what_it_needs():
    for kind, known in KINDS.items():
        (question,) = filled({"questions": [{"kind": kind}]})["questions"]
        assert {*question} - {"kind"} == {name for part in known.parts for name in part.blank}
    assert filled({"questions": "none", "fields": [1]}) == {"questions": [], "fields": []}


def test_what_one_adds_to_a_new_question_is_not_in_the_next():
    for _ in range(2):
        body = filled({"questions": [{"kind": "choice"}]})
        change(body, "add", "questions[0].options")
        assert len(body["questions"][0]["options"]) == 3


@pytest.mark.parametrize(
    ("do", "place", "names", "focus"),
    [
        ("up", "questions[1]", "bac", "up questions[0]"),
        ("down", "questions[0]", "bac", "down questions[1]"),
        ("up", "questions[0]", "abc", "up questions[0]"),
        ("down", "questions[2]", "abc", "down questions[2]"),
        ("remove", "questions[1]", "ac", "remove questions[1]"),
        ("remove", "questions[2]", "ab", "remove questions[1]"),
        ("remove", "questions[9]", "abc", "questions[9]"),
        ("remove", "nowhere[0]", "abc", "nowhere[0]"),
        ("", "", "abc", ""),
    ],
)
def test_entries_are_moved_and_removed_and_one_goes_on_where_they_were(do, place, names, focus):
    body = {"fields": [], "questions": [{"name": name, "kind": "text"} for name in "abc"]}
    assert change(body, do, place) == focus
    assert "".join(one["name"] for one in body["questions"]) == names


def test_options_are_added_one_or_many_at_a_time():
    body: dict[str, Any] = {"fields": [], "questions": [{"kind": "choice", "options": [{"value": "a"}, {}]}]}
    assert change(body, "add", "questions[0].options", " b \n\nc\n") == "more:questions[0].options"
    assert body["questions"][0]["options"] == [{"value": "a"}, {"value": "b"}, {"value": "c"}]
    assert change(body, "add", "questions[0].options") == "questions[0].options[3].value"


def test_a_scale_keeps_no_gap():
    body: dict[str, Any] = {"questions": [{"criterion": {"anchors": {"1": "a", "2": "b", "3": "c"}}}]}
    place = "questions[0].criterion.anchors"
    assert change(body, "add", place) == f"{place}.4"
    change(body, "remove", f"{place}.2")
    assert body["questions"][0]["criterion"]["anchors"] == {"1": "a", "2": "c", "3": ""}


def test_questions_follow_a_field_that_is_renamed():
    form = {
        "fields[0].name": "answer",
        "fields[0].was": "reply",
        "fields[0].kind": "text",
        "questions[0].field": "reply",
        "questions[1].fields[0]": "other",
        "questions[1].fields[1]": "reply",
    }
    body = read_form(form.items())
    assert body["questions"][0]["field"] == "answer"
    assert body["questions"][1]["fields"] == ["other", "answer"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("What is it?", "what_is_it"),
        ("", ""),
        ("3 things", "q_3_things"),
        ("Größe – wie?", "grösse_wie"),
        ("?", ""),
    ],
)
def test_a_name_for_the_data_is_made_of_the_title(title, name):
    assert name_from(title) == name


def test_nothing_that_a_page_can_send_breaks_the_reading():
    odd = {
        "fields": "x",
        "fields[0]": "y",
        "fields[0].name": "z",
        "questions[9999].options[3]": "v",
        "questions": "",
    }
    draft = read_draft({**odd, "questions[1].criterion": "5", "questions[1].kind": "rating"})
    assert [*draft.questions, *draft.fields] == []
    (question,) = read_draft({"questions[1].criterion": "5", "questions[1].kind": "rating"}).questions
    assert [(one.anchors, one.weight) for one in question.parts] == [([], 1)]
    assert read_draft({"body": "[1]"}).problem == Problem(
        "body", "A protocol is a JSON object in curly brackets."
    )
    assert act(read_draft({"body": "{"}), "form", {}).json == "{"


def test_a_place_is_told_as_people_count():
    words = {one: Problem(one, "").words for one in ("questions[2].options[1].key", "fields[0].name", "body")}
    assert [*words.values()] == ["Question 3, option 2, key", "Field 1, name", "The protocol"]
    assert Problem("x", "questions[0].options[3] needs a value.").sentence == "Needs a value."


@pytest.fixture
def lena(client: Client, house: House) -> Client:
    client.force_login(house.lena)
    return client


def edit(client: Client, values: dict[str, Any], **extra: Any) -> str:
    answer = client.post(reverse("projects:edit_protocol", args=["digits"]), values, **extra)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


@pytest.mark.django_db
def test_a_press_changes_the_draft_and_saves_nothing(lena: Client, house: House) -> None:
    page = edit(
        lena, {**WRITTEN, "do": "add questions[0].options", "more:questions[0].options": "maybe\nnever"}
    )

    assert 'name="questions[0].options[3].value" value="never"' in page
    assert 'data-focus-on="more:questions[0].options"' in page
    assert house.project.protocols.count() == 1


@pytest.mark.django_db
def test_the_draft_is_turned_over_and_back(lena: Client) -> None:
    as_json = edit(lena, {**WRITTEN, "do": "json"})
    text = as_json.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    assert json.loads(text)["questions"][0]["title"] == "What does it say?"
    assert 'value="What does it say?"' in edit(lena, {"body": text, "do": "form"})


@pytest.mark.django_db
def test_json_that_cannot_be_read_stays_as_it_was_typed(lena: Client) -> None:
    page = edit(lena, {"body": '{"fields": oops', "do": "form"})
    assert '{"fields": oops' in page
    assert "this is not JSON" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(READY["intent"].body).encode(), 'value="What does the person want?"'),
        (b"\xef\xbb\xbf{}", "Asked of the expert"),
        (b"[]", "A protocol is a JSON object"),
    ],
)
def test_a_file_that_is_opened_fills_the_draft(lena: Client, content: bytes, words: str) -> None:
    page = edit(lena, {"file": SimpleUploadedFile("one.json", content)})
    assert words in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe", "is not a text in UTF-8"), (b" " * (2**20 + 1), "is larger than 1 MiB")],
)
def test_a_file_that_is_no_text_leaves_the_draft_as_it_is(lena: Client, content: bytes, words: str) -> None:
    url = reverse("projects:edit_protocol", args=["digits"])
    answer = lena.post(url, {"file": SimpleUploadedFile("one.json", content)}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'id="draft"' not in answer.content.decode(), "nothing is put in the draft's place"


@pytest.mark.django_db
def test_the_editor_starts_from_a_version_and_from_nothing(lena: Client) -> None:
    url = reverse("projects:edit_protocol", args=["digits"])
    assert 'value="digit"' in lena.get(f"{url}?start=1").content.decode()
    assert 'value="digit"' not in lena.get(f"{url}?start=nothing").content.decode()
    assert lena.get(f"{url}?start=9").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("questions[0].options[1].key", "s", "questions[0].options[1].key"),
        ("questions[0].options[1].value", "yes", "questions[0].options[1].value"),
        ("questions[1].criterion.weight", "heavy", "questions[1].criterion.weight"),
        ("fields[0].name", "two words", "fields[0].name"),
        ("target", "", "target"),
    ],
)
def test_an_error_names_the_very_entry(lena: Client, house: House, name: str, value: str, place: str) -> None:
    answer = lena.post(reverse("annotation:save_protocol", args=["digits"]), {**WRITTEN, name: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'data-problem="{place}"' in page
    assert f'id="{place}"' in page
    assert house.project.protocols.count() == 1
