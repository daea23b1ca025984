"""The demo project's protocol, plan, recipe and people."""

from __future__ import annotations

from typing import Any

SLUG, NAME = "digits", "Handwritten digits"
DESCRIPTION = (
    "Read single handwritten digits, 8 × 8 pixels. 10 % of the training labels are wrong; find them."
)
GOALS = "Accuracy on the benchmark above the model in production, and no stroke width left behind."
SEED = 20_261

PEOPLE = {"erin": "expert", "emil": "expert", "lena": "lead", "luis": "lead", "ada": "admin"}
PASSWORD = "whetstone-demo"  # shown on the sign-in page of a demo installation, and only there

GUIDELINES = """\
Name the digit that was **meant**, as a careful reader would.

### Which digit is it?

- A slashed seven is a 7; an open four is a 4.
- If two readings are equally good, say so with the condition *ambiguous* and still choose the likelier one.
- If it is not a digit at all, it is *out of scope*; if it cannot be seen, it is *unusable*.

### How legible is it?

Legibility is about the writing, not about how sure you are.
"""

PROTOCOL = {
    "fields": [{"name": "image", "kind": "image", "title": "Handwritten digit"}],
    "questions": [
        {
            "name": "digit",
            "kind": "choice",
            "title": "Which digit is it?",
            "target": True,
            "required": True,
            "options": [str(digit) for digit in range(10)],
        },
        {
            "name": "legibility",
            "kind": "rating",
            "title": "How legible is it?",
            "required": True,
            "criterion": {
                "anchors": {
                    "1": "Nobody could tell",
                    "2": "A guess at best",
                    "3": "Readable with care",
                    "4": "Clear, with a flaw",
                    "5": "Print-like",
                },
                "weight": 1,
            },
        },
    ],
    "guidelines": GUIDELINES,
    "confidence": "gold_and_audit",
    "suggestion": "shown",
}

LIMITS = {"protected": "stroke"}
PLAN = {
    "margin": 0.02,
    "slice_margin": 0.05,
    "brier_margin": 0.02,
    "alpha": 0.05,
    "superiority": True,
    "protected": "stroke",
    "floor": 0.8,
    "slice_floor": 0.75,
}
RECIPE: dict[str, Any] = {"learner": "image-cnn", "params": {}, "budget_seconds": 300, "cross_fit": 5}
POLICY = {"audit": 40, "margin": 100, "label_error": 60, "overlap": 2}
GOLD = 16  # pool examples whose true label the lead makes known
BASE_NOTE = "The base model: everything we were given, as it was given."
