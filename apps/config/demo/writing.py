"""The small project of texts: forty prompts with two answers each, ten worked solutions, written for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.annotation.models import Task
from apps.projects.models import Project

SLUG, NAME = "writing", "Answers and solutions"
DESCRIPTION = "Judge, compare and correct short answers, and find the first wrong step in worked solutions."
GOALS = "Answers that are right, clear and kind; corrections that a model can learn from."
LIMITS: dict[str, Any] = {}
ROWS = Path(__file__).with_name("writing.ndjson")
WHY = "Every example of this project is asked: there is no model yet."

GUIDELINES = """\
- **Teach from it?** Yes when you would show it to a learner as it stands.
- **Correctness** is about facts and reasoning, **clarity** about the reader.
- Mark what is wrong, unclear or unkind in the answer, as short as you can.
- Mend the answer with as few words as you can; leave it when there is nothing to mend.
- In a solution, judge each step up to the first wrong one, and write that step as it should be.
"""

CORRECTNESS = {"1": "Wrong", "2": "Mostly wrong", "3": "Half right", "4": "Right, with a flaw", "5": "Right"}
CLARITY = {"1": "Confusing", "2": "Hard to follow", "3": "Clear enough", "4": "Clear", "5": "A pleasure"}

PROTOCOL: dict[str, Any] = {
    "fields": [
        {"name": "prompt", "kind": "text", "title": "Prompt"},
        {"name": "response", "kind": "completion", "title": "Answer"},
        {"name": "alternative", "kind": "completion", "title": "Another answer"},
        {"name": "solution", "kind": "json", "title": "Solution"},
    ],
    "questions": [
        {
            "name": "teach",
            "kind": "choice",
            "target": True,
            "title": "Teach from it?",
            "options": ["yes", "no"],
        },
        {
            "name": "correctness",
            "kind": "rating",
            "title": "Correctness",
            "criterion": {"anchors": CORRECTNESS, "weight": 2},
        },
        {
            "name": "clarity",
            "kind": "rating",
            "title": "Clarity",
            "criterion": {"anchors": CLARITY, "weight": 1},
        },
        {
            "name": "better",
            "kind": "pairwise",
            "title": "Which answer is better?",
            "fields": ["response", "alternative"],
        },
        {
            "name": "flaws",
            "kind": "spans",
            "title": "What is wrong in the answer?",
            "field": "response",
            "required": False,
            "options": ["wrong", "unclear", "unkind"],
        },
        {
            "name": "mended",
            "kind": "correction",
            "title": "The answer, mended",
            "field": "response",
            "required": False,
        },
        {"name": "steps", "kind": "steps", "title": "Is each step right?", "field": "solution"},
    ],
    "guidelines": GUIDELINES,
    "confidence": "gold_and_audit",
    "suggestion": "shown",
}


def tasks(project: Project) -> list[Task]:
    """A task for each example, two answers each: a census, so that each was drawn with certainty 1."""
    return [
        Task(
            example=example,
            payload_id=example.payload_id,
            reason=Task.Reason.AUDIT,
            why=WHY,
            stratum="audit",
            inclusion_probability=1.0,
            overlap=2,
        )
        for example in project.examples.order_by("pk")
    ]
