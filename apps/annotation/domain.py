"""Rules of the desk that need no database: votes, verdicts, chance of gold, reasons."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

import numpy as np

from apps.algorithms.aggregation import majority_vote
from apps.core.errors import BadInput
from apps.projects.domain import CONDITIONS_WITHOUT_TARGET

MAX_NOTE = 2_000
"""Characters of why a task was left unanswered, put back or reopened."""


@dataclass(frozen=True)
class Verb:
    """A way to leave a task unanswered: whom it is not for, what that does to the queue, and why one does it.

    `state` is what the assignment becomes, and the task with it where it `leaves_queue`.
    """

    name: str
    state: str
    whom: str
    does: str
    outcome: str
    reasons: dict[str, str]
    asks: str = ""  # what a note should say; empty where the reason says it all
    leaves_queue: bool = True


SKIP = Verb(
    name="skip",
    state="skipped",
    whom="not for me",
    does="The task stays open for others and does not come back to you.",
    outcome="Skipped. The task stays open for others.",
    reasons={
        "unsure": "I do not know this kind",
        "unclear_guideline": "The guidelines do not cover it",
        "conflict_of_interest": "Conflict of interest",
        "upsetting": "I would rather not look at this",
        "technical": "It does not display properly",
        "other": "Another reason",
    },
    leaves_queue=False,
)
ESCALATE = Verb(
    name="escalate",
    state="escalated",
    whom="for a lead",
    does="The task leaves the queue for everybody and waits for a lead.",
    outcome="Escalated. A lead takes it from here.",
    reasons={
        "guideline_gap": "The guidelines have a gap",
        "data_problem": "Something is wrong with the data",
        "needs_expert": "It needs somebody who knows more",
        "other": "Another reason",
    },
    asks="What should the lead know?",
)
EXCLUDE = Verb(
    name="exclude",
    state="excluded",
    whom="not for anyone",
    does="Nobody is asked about it any more, and it is taught to no model, until a lead puts it back.",
    outcome="Excluded. Nobody is asked about it any more; a lead can put it back.",
    reasons={
        "broken": "Broken, empty or unreadable",
        "duplicate": "The same as another example",
        "off_topic": "It does not belong in this project",
        "private": "It holds personal or confidential data",
        "harmful": "Nobody should have to look at this",
        "other": "Another reason",
    },
    asks="What should a lead know who looks at it?",
)
VERBS = {verb.name: verb for verb in (SKIP, ESCALATE, EXCLUDE)}
VERB_OF = {verb.state: verb for verb in VERBS.values()}
CAUSES = {
    "guideline_unclear": "Guideline unclear",
    "example_ambiguous": "Example ambiguous",
    "slip": "Slip",
    "skill": "Skill",
    "data_problem": "Data problem",
    "rubric_gap": "Rubric gap",
}
OUTCOMES = {
    "submitted": "Counted.",
    "surplus": "Kept, but not counted: the task had left the queue or had all its answers before yours came.",
    **{verb.state: verb.outcome for verb in VERBS.values()},
}
PRIORITIES = {"high": 1, "normal": 0, "low": -1}
"""What leads call a task's priority, and the whole part of the number it is kept as."""
AUDIT_WHY = "Drawn at random, so that the estimate of the model's error stays honest."
"""Why an audit task was opened; gold says the same, or it would be known by it."""

BLIND_WHY = "Chosen because an expert's judgement of it is worth more than most."
"""Why any other task was opened, for who must not learn yet what the model says: nearly every reason tells it."""


def priority_words(number: float) -> str:
    """`high` from 1 upwards, `low` below 0."""
    return "high" if number >= 1 else "low" if number < 0 else "normal"


def priority_range(words: str) -> tuple[float, float]:
    """The numbers that are called so, the upper end left out; raises `BadInput`."""
    ranges = {"high": (1, inf), "normal": (0, 1), "low": (-inf, 0)}
    if words not in ranges:
        raise BadInput(
            f"The priority is {words[:40]!r}; choose one of {', '.join(ranges)}.", field="priority"
        )
    return ranges[words]


def since_words(since: datetime, *, at: datetime) -> str:
    """`since 3 min`, in whole minutes."""
    minutes = int((at - since).total_seconds() // 60)
    return f"since {minutes} min" if minutes > 0 else "since a moment ago"


@dataclass(frozen=True)
class Vote:
    """One counted answer: who, what label (None when the example cannot be used), under which condition."""

    person_id: int
    annotation_id: int
    label: str | None
    condition: str


@dataclass(frozen=True)
class Verdict:
    """What the votes say: `agreed` when one side holds a strict majority."""

    agreed: bool
    label: str | None
    condition: str
    posterior: dict[str, float]


def count_votes(votes: list[Vote]) -> Verdict:
    """Majority vote over labels; an answer that the example cannot be used votes for its condition instead."""
    sides = [
        vote.label if vote.condition not in CONDITIONS_WITHOUT_TARGET else f"({vote.condition})"
        for vote in votes
    ]
    names = sorted({str(side) for side in sides})
    codes = np.array([names.index(str(side)) for side in sides])
    people = np.arange(len(votes))
    one_task = np.zeros(len(votes), dtype=int)
    shares = majority_vote(one_task, people, codes, n_classes=max(2, len(names))).posterior[0, : len(names)]
    best = int(np.argmax(shares))
    winners = [vote for vote, side in zip(votes, sides, strict=True) if str(side) == names[best]]
    ambiguous = sum(vote.condition == "ambiguous" for vote in winners) * 2 > len(winners)
    condition = "ambiguous" if ambiguous else winners[0].condition
    if condition == "ambiguous" and not ambiguous:
        condition = "clear"
    posterior = {name: float(share) for name, share in zip(names, shares, strict=True)}
    return Verdict(bool(shares[best] > 0.5), winners[0].label, condition, posterior)


def gold_is_due(*, queue_id: int, person_id: int, after: int, rate: float) -> bool:
    """Whether the next lease should be gold: a fair hash of who and after what, so that a replay agrees."""
    text = f"{queue_id}:{person_id}:{after}".encode()
    draw = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64
    return draw < rate


def needs_confidence(protocol: dict[str, Any], *, reason: str) -> bool:
    """Confidence is asked where the protocol says so, and always on gold and audit tasks."""
    return protocol["confidence"] == "always" or reason in {"gold", "audit"}


def is_wrong(said: str | None, label: str | None) -> bool | None:
    """Whether what was said differs from the label that people came to; None where there is nothing to compare."""
    return None if said is None or label is None else said != label
