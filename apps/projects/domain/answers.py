"""What answers to a protocol look like, what they say in words, and what they come to."""

from __future__ import annotations

from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain.kinds import KINDS
from apps.projects.domain.protocol import target_of

CONDITIONS = ("clear", "ambiguous", "out_of_scope", "unusable")
CONDITIONS_WITHOUT_TARGET = ("out_of_scope", "unusable")


def check_answers(
    protocol: dict[str, Any], answers: Any, *, condition: str, content: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The answers as they will be kept; raises `BadInput` naming the question and the mend.

    `content` is the payload's body; a question about a field that it does not have is not asked.
    """
    if condition not in CONDITIONS:
        raise BadInput(
            f"The condition is {condition!r}; choose one of {', '.join(CONDITIONS)}.", field="condition"
        )
    if not isinstance(answers, dict):
        raise BadInput("`answers` must be an object of question names and answers.", field="answers")
    questions = {question["name"]: question for question in protocol["questions"]}
    unknown = sorted(set(answers) - set(questions))
    if unknown:
        raise BadInput(f"There is no question {unknown[0]!r} in this protocol.", field=unknown[0])
    if condition in CONDITIONS_WITHOUT_TARGET:
        return {}
    _check_target(target_of(protocol), content or {})
    return {
        name: KINDS[question["kind"]].answer(question, answers[name], content or {})
        for name, question in questions.items()
        if is_asked(question, content or {}) and _given(question, answers)
    }


def _check_target(target: dict[str, Any], content: dict[str, Any]) -> None:
    """An example that lacks what the target is about has no label, whatever else is said of it."""
    if is_asked(target, content):
        return
    lacks = next(field for field in fields_of(target) if content.get(field) in (None, "", []))
    raise BadInput(
        f"“{target['title']}” is about {lacks!r}, which this example does not have. Call it unusable, or skip it.",
        field="condition",
    )


def is_asked(question: dict[str, Any], content: dict[str, Any]) -> bool:
    """Whether the payload has what the question is about."""
    return all(content.get(field) not in (None, "", []) for field in fields_of(question))


def fields_of(question: dict[str, Any]) -> list[str]:
    """The fields that a question is about; most are about the example as a whole."""
    return question["fields"] if "fields" in question else [question["field"]] if "field" in question else []


def _given(question: dict[str, Any], answers: dict[str, Any]) -> bool:
    given = answers.get(question["name"]) not in (None, "")
    if question["required"] and not given:
        raise BadInput(f"Please answer “{question['title']}”.", field=question["name"])
    return given


def reads_content(protocol: dict[str, Any]) -> bool:
    """Whether answers can only be checked beside what was shown."""
    return any(fields_of(question) for question in protocol["questions"])


def label_of(protocol: dict[str, Any], answers: dict[str, Any]) -> str | None:
    """What the answers say the target is; None when it was not answered (the example cannot be used)."""
    target = target_of(protocol)
    answer = answers.get(target["name"])
    return None if answer is None else KINDS[target["kind"]].named(answer)[0]


def words_of(question: dict[str, Any], answers: dict[str, Any]) -> str:
    """The answer to this question as people read it; empty when there is none."""
    answer = answers.get(question["name"])
    return "" if answer is None else KINDS[question["kind"]].words(question, answer)


def rubric_score(protocol: dict[str, Any], answers: dict[str, Any]) -> float | None:
    """The weighted mean of the rated criteria, each from its lowest (0) to its highest point (1); None without any."""
    total = weights = 0.0
    for question in protocol["questions"]:
        if question["kind"] != "rating" or answers.get(question["name"]) is None:
            continue
        points = [int(point) for point in question["criterion"]["anchors"]]
        weight = question["criterion"]["weight"]
        total += weight * (answers[question["name"]] - points[0]) / (points[-1] - points[0])
        weights += weight
    return total / weights if weights else None
