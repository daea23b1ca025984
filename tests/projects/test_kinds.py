"""Every kind of question: what its question must hold, what answers it takes, and how they read."""

from __future__ import annotations

from typing import Any

import pytest

from apps.core.errors import BadInput
from apps.projects.domain import check_answers, check_protocol, classes_of, label_of, rubric_score, words_of

TARGET = {"name": "fine", "kind": "choice", "target": True, "options": ["yes", "no"]}
FIELDS = [
    {"name": "prompt", "kind": "text"},
    {"name": "answer", "kind": "completion"},
    {"name": "other", "kind": "completion"},
    {"name": "steps", "kind": "json"},
    {"name": "picture", "kind": "image"},
]
CONTENT = {"prompt": "Why?", "answer": "Da 🙂 ist ß.", "other": "So.", "steps": ["one", "two", "three"]}


def protocol(*questions: dict[str, Any], target: dict[str, Any] = TARGET) -> dict[str, Any]:
    return check_protocol({"fields": FIELDS, "questions": [target, *questions]})


def question(kind: str, **values: Any) -> dict[str, Any]:
    held = {
        "multi_choice": {"options": ["a", "m", "z"]},
        "spans": {"field": "answer", "options": ["wrong", "unkind"]},
        "ranking": {"field": "steps"},
        "pairwise": {"fields": ["answer", "other"]},
        "correction": {"field": "answer"},
        "steps": {"field": "steps"},
    }
    return {"name": "q", "kind": kind, **held[kind], **values}


def kept(kind: str, answer: Any, content: dict[str, Any] = CONTENT, **values: Any) -> Any:
    body = protocol(question(kind, **values))
    return check_answers(body, {"fine": "yes", "q": answer}, condition="clear", content=content).get("q")


@pytest.mark.parametrize(
    ("kind", "answer", "as_kept", "words"),
    [
        ("multi_choice", ["z", "a", "z"], ["a", "z"], "a, z"),
        ("multi_choice", [], [], "none"),
        (
            "spans",
            [{"start": 3, "end": 4, "label": "unkind"}, {"start": 0, "end": 11, "label": "wrong"}] * 2,
            [{"start": 0, "end": 11, "label": "wrong"}, {"start": 3, "end": 4, "label": "unkind"}],
            "wrong 0–11, unkind 3–4",
        ),
        ("spans", [], [], "nothing marked"),
        ("ranking", [2, 0, 1], [2, 0, 1], "3 > 1 > 2"),
        (
            "pairwise",
            {"preferred": "other", "left": "other", "more": 1},
            {"preferred": "other", "left": "other"},
            "other",
        ),
        (
            "pairwise",
            {"preferred": "equal", "left": "answer"},
            {"preferred": "equal", "left": "answer"},
            "equal",
        ),
        ("correction", "Da ist ß.", "Da ist ß.", "Da ist ß."),
        (
            "steps",
            {"verdicts": ["right", "wrong", None], "rewrites": {"1": "zwei", "2": ""}},
            {"verdicts": ["right", "wrong", None], "first_wrong": 1, "rewrites": {"1": "zwei"}},
            "step 2 is the first wrong one",
        ),
        (
            "steps",
            {"verdicts": ["right", "unclear", "right"]},
            {"verdicts": ["right", "unclear", "right"], "first_wrong": None, "rewrites": {}},
            "every step is right",
        ),
    ],
)
def test_an_answer_is_kept_in_one_form_and_reads_in_words(kind, answer, as_kept, words):
    assert kept(kind, answer) == as_kept
    asked = protocol(question(kind))["questions"][1]
    assert words_of(asked, {"q": as_kept}) == words


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("multi_choice", "a"),
        ("multi_choice", ["b"]),
        ("multi_choice", [["a"]]),
        ("spans", {"start": 0, "end": 1, "label": "wrong"}),
        ("spans", [{"start": 0, "end": 12, "label": "wrong"}]),  # eleven characters, though more UTF-16 units
        ("spans", [{"start": 1, "end": 1, "label": "wrong"}]),
        ("spans", [{"start": -1, "end": 1, "label": "wrong"}]),
        ("spans", [{"start": True, "end": 2, "label": "wrong"}]),
        ("spans", [{"start": 0, "end": 2, "label": "right"}]),
        ("spans", [{"start": 0, "end": 2}]),
        ("spans", ["wrong"]),
        ("spans", [{"start": 0, "end": 1, "label": "wrong"}] * 1_001),
        ("ranking", [0, 1]),
        ("ranking", [0, 1, 1]),
        ("ranking", ["0", "1", "2"]),
        ("pairwise", "answer"),
        ("pairwise", {"preferred": "prompt", "left": "answer"}),
        ("pairwise", {"preferred": "answer"}),
        ("correction", 7),
        ("correction", "a\x00b"),
        ("steps", {"verdicts": ["right", "right"]}),
        ("steps", {"verdicts": ["right", None, "wrong"]}),
        ("steps", {"verdicts": ["right", "fine", "wrong"]}),
        ("steps", {"verdicts": ["right", "wrong", None], "rewrites": {"3": "four"}}),
        ("steps", {"verdicts": ["right", "wrong", None], "rewrites": ["two"]}),
        ("steps", [1, 2, 3]),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_by_the_question_s_name(kind, answer):
    with pytest.raises(BadInput) as refusal:
        kept(kind, answer)
    assert refusal.value.detail["field"] == "q"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("spans", {"field": "picture"}),
        ("spans", {"field": "nowhere"}),
        ("spans", {"options": ["wrong"]}),
        ("spans", {"options": [{"value": "wrong", "key": "s"}, "unkind"]}),  # S skips
        ("correction", {"field": "steps"}),
        ("ranking", {"field": "picture"}),
        ("steps", {"field": None}),
        ("pairwise", {"fields": ["answer"]}),
        ("pairwise", {"fields": ["answer", "answer"]}),
        ("pairwise", {"fields": ["answer", "picture"]}),
        ("pairwise", {"fields": "answer"}),
    ],
)
def test_a_question_names_fields_that_it_can_be_about(kind, values):
    with pytest.raises(BadInput, match=r"questions\[1\]"):
        protocol(question(kind, **values))


def test_a_question_about_a_field_that_the_example_lacks_is_not_asked():
    lacking = {"prompt": "Why?"}
    for kind in ("spans", "ranking", "pairwise", "correction", "steps"):
        assert kept(kind, None, content=lacking) is None
    with pytest.raises(BadInput, match="Please answer"):
        kept("steps", None)


def test_an_answer_to_what_is_not_asked_is_left_out():
    assert kept("correction", "Da.", content={"prompt": "Why?"}) is None


def test_the_target_is_of_a_kind_that_can_be_voted_on():
    pair = {"name": "better", "kind": "pairwise", "target": True, "fields": ["answer", "other"]}
    points = {
        "name": "good",
        "kind": "rating",
        "target": True,
        "criterion": {"anchors": {"1": "no", "2": "yes"}},
    }
    assert classes_of(protocol(target=pair)) == ["answer", "other", "equal"]
    assert label_of(protocol(target=pair), {"better": {"preferred": "equal", "left": "other"}}) == "equal"
    assert classes_of(protocol(target=points)) == ["1", "2"]
    assert label_of(protocol(target=points), {"good": 2}) == "2"
    with pytest.raises(BadInput, match="must be the target"):
        protocol(target={**question("spans"), "target": True})
    with pytest.raises(BadInput, match="must be required"):
        protocol(target={**TARGET, "required": False})


def test_the_rubric_weighs_its_criteria_from_their_lowest_to_their_highest_point():
    def criterion(name: str, weight: float, *points: int) -> dict[str, Any]:
        anchors = {str(point): "…" for point in points}
        return {"name": name, "kind": "rating", "criterion": {"anchors": anchors, "weight": weight}}

    body = protocol(criterion("facts", 3, 1, 2, 3, 4, 5), criterion("style", 1, 0, 1))
    assert rubric_score(body, {"facts": 4, "style": 1}) == pytest.approx((3 * 0.75 + 1 * 1) / 4)
    assert rubric_score(body, {"facts": 1}) == 0
    assert rubric_score(body, {}) is None


def test_an_example_that_lacks_what_the_target_is_about_has_no_label():
    body = check_protocol(
        {
            "fields": [{"name": "ours", "kind": "text"}, {"name": "theirs", "kind": "text"}],
            "questions": [
                {"name": "better", "kind": "pairwise", "target": True, "fields": ["ours", "theirs"]}
            ],
        }
    )
    with pytest.raises(BadInput, match="about 'theirs', which this example does not have"):
        check_answers(body, {}, condition="clear", content={"ours": "a"})
    assert check_answers(body, {}, condition="unusable", content={"ours": "a"}) == {}
