"""Answers beside each other: marks over the text, changes word by word, steps with verdicts, what differs."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apps.annotation.readings import Reading, difference, readings_of
from apps.projects.domain import check_protocol

PROTOCOL = check_protocol(
    {
        "fields": [{"name": "text", "kind": "text"}, {"name": "steps", "kind": "json"}],
        "questions": [
            {"name": "fine", "kind": "choice", "target": True, "options": ["yes", "no"]},
            {"name": "marks", "kind": "spans", "field": "text", "options": ["a", "b"], "required": False},
            {"name": "mended", "kind": "correction", "field": "text", "required": False},
            {"name": "order", "kind": "ranking", "field": "steps", "required": False},
            {"name": "checked", "kind": "steps", "field": "steps", "required": False},
        ],
    }
)
CONTENT = {"text": "Ice 🙂 is warm.", "steps": ["one", "two"]}


def reading(answers: dict[str, Any], *others: dict[str, Any]) -> Reading:
    (found,) = readings_of(PROTOCOL, answers, content=CONTENT, others=list(others))
    return found


def test_overlapping_marks_cut_the_text_at_every_edge_and_keep_its_letters():
    runs = reading(
        {"marks": [{"start": 0, "end": 8, "label": "a"}, {"start": 4, "end": 14, "label": "b"}]}
    ).runs
    assert [(run.text, run.label) for run in runs] == [("Ice ", "a"), ("🙂 is", "a, b"), (" warm.", "b")]


def test_a_correction_shows_what_was_taken_out_and_put_in():
    runs = reading({"mended": "Ice 🙂 is cold."}).runs
    assert [(run.text, run.change) for run in runs if run.change] == [("warm", "removed"), ("cold", "added")]


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_difference_holds_both_texts_to_the_letter(before, after):
    runs = difference(before, after)
    assert "".join(run.text for run in runs if run.change != "added") == before
    assert "".join(run.text for run in runs if run.change != "removed") == after


def test_an_order_and_steps_read_as_lines():
    assert reading({"order": [1, 0]}).lines == (("two", ""), ("one", ""))
    answer = {"verdicts": ["wrong", None], "first_wrong": 0, "rewrites": {"0": "uno"}}
    assert reading({"checked": answer}).lines == (("one → uno", "wrong"), ("two", "not judged"))


def test_an_answer_is_told_apart_only_from_another_answer_to_the_same():
    mine = {"mended": "Ice 🙂 is cold."}
    assert not reading(mine, mine, {}).differs
    assert reading(mine, {"mended": "Ice."}).differs


RUBRIC = check_protocol(
    {
        "fields": [
            {"name": "one", "kind": "text", "title": "Answer"},
            {"name": "two", "kind": "text", "title": "Another"},
        ],
        "questions": [
            {"name": "fine", "kind": "choice", "target": True, "options": ["yes", "no"]},
            {"name": "good", "kind": "rating", "criterion": {"anchors": {"1": "no", "2": "so", "3": "yes"}}},
            {"name": "better", "kind": "pairwise", "fields": ["one", "two"]},
        ],
    }
)


def test_a_point_says_how_far_it_lies_from_the_others():
    points = [{"good": 1}, {"good": 3}, {"good": 2}]
    told = [
        readings_of(RUBRIC, mine, content={}, others=[one for one in points if one is not mine])[0].apart
        for mine in points
    ]
    assert told == ["−1.5", "+1.5", ""]


def test_a_side_is_called_by_its_field_and_where_it_stood_is_no_difference():
    mine, other = ({"better": {"preferred": "one", "left": left}} for left in ("one", "two"))
    (found,) = readings_of(RUBRIC, mine, content={}, others=[other])
    assert (found.words, found.differs) == ("Answer", False)
    (found,) = readings_of(
        RUBRIC, mine, content={}, others=[{"better": {**mine["better"], "preferred": "equal"}}]
    )
    assert found.differs


def test_marks_are_listed_by_their_labels_too():
    marks = reading({"marks": [{"start": 4, "end": 5, "label": "b"}]}).marks
    assert [(mark.label, mark.text, mark.hue) for mark in marks] == [("b", "🙂", 1)]
