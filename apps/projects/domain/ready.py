"""Protocols to start from: whole and checked, to be changed to one's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ready:
    """One protocol to start from: `name` stands in the address, `body` is what the editor is filled with."""

    name: str
    title: str
    body: dict[str, Any]


def _criterion(name: str, title: str, anchors: list[str], weight: float = 1) -> dict[str, Any]:
    points = {str(point): text for point, text in enumerate(anchors, start=1)}
    return {
        "name": name,
        "kind": "rating",
        "title": title,
        "criterion": {"anchors": points, "weight": weight},
    }


IMAGE_CLASS = Ready(
    "image-class",
    "Image class",
    {
        "fields": [{"name": "image", "kind": "image", "title": "Picture"}],
        "questions": [
            {
                "name": "class",
                "kind": "choice",
                "target": True,
                "title": "What is it?",
                "options": ["cat", "dog"],
            },
            _criterion("quality", "How well can it be seen?", ["Not at all", "Barely", "With care", "Well"]),
        ],
        "guidelines": "Name what is **meant to be seen**. If it is none of these, it is *out of scope*.",
    },
)
INTENT = Ready(
    "intent",
    "Intent of a message",
    {
        "fields": [{"name": "text", "kind": "text", "title": "Message"}],
        "questions": [
            {
                "name": "intent",
                "kind": "choice",
                "target": True,
                "title": "What does the person want?",
                "options": ["card/lost", "card/blocked", "transfer/failed", "transfer/pending", "other"],
            },
            {
                "name": "tone",
                "kind": "multi_choice",
                "title": "How does it sound?",
                "required": False,
                "options": ["urgent", "angry", "confused"],
            },
        ],
        "guidelines": "Choose what the person wants **done**, not what they talk about.",
        "suggestion": "blind_first",
    },
)
SPANS = Ready(
    "spans",
    "Spans in a text",
    {
        "fields": [{"name": "text", "kind": "text", "title": "Text"}],
        "questions": [
            {
                "name": "relevant",
                "kind": "choice",
                "target": True,
                "title": "Does it name anybody or anything?",
                "options": ["yes", "no"],
            },
            {
                "name": "entities",
                "kind": "spans",
                "title": "Mark what is named",
                "field": "text",
                "required": False,
                "options": ["person", "place", "organisation"],
            },
        ],
        "guidelines": "Mark the whole name and nothing around it; spans may overlap.",
    },
)
RESPONSE = Ready(
    "response",
    "Response: rubric and correction",
    {
        "fields": [
            {"name": "prompt", "kind": "text", "title": "Prompt"},
            {"name": "response", "kind": "completion", "title": "Response"},
        ],
        "questions": [
            {
                "name": "acceptable",
                "kind": "choice",
                "target": True,
                "title": "Good enough to teach from?",
                "options": ["yes", "no"],
            },
            _criterion(
                "correct", "Correctness", ["Wrong", "Mostly wrong", "Half right", "Nearly right", "Right"], 2
            ),
            _criterion(
                "clear", "Clarity", ["Confusing", "Hard to follow", "Clear enough", "Clear", "A pleasure"]
            ),
            {"name": "corrected", "kind": "correction", "title": "As it should be", "field": "response"},
        ],
        "guidelines": "Correct with as few words as you can: the difference is what the model learns from.",
        "suggestion": "hidden",
    },
)
PREFERENCE = Ready(
    "preference",
    "Pairwise preference",
    {
        "fields": [
            {"name": "prompt", "kind": "text", "title": "Prompt"},
            {"name": "first", "kind": "completion", "title": "First response"},
            {"name": "second", "kind": "completion", "title": "Second response"},
        ],
        "questions": [
            {
                "name": "better",
                "kind": "pairwise",
                "target": True,
                "title": "Which response is better?",
                "fields": ["first", "second"],
            },
            {"name": "why", "kind": "text", "title": "Why?", "required": False},
        ],
        "guidelines": "Judge the response as the person who asked would. Length is no merit.",
        "confidence": "always",
        "suggestion": "hidden",
    },
)
READY = {one.name: one for one in (IMAGE_CLASS, INTENT, SPANS, RESPONSE, PREFERENCE)}
NOTHING = "nothing"
BARE: dict[str, Any] = {
    "fields": [{"name": "text", "kind": "text"}],
    "questions": [{"kind": "choice", "required": True, "target": True}],
}
"""What one who starts from nothing finds: a field and a question to fill in."""
