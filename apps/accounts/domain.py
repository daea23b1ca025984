"""What people can be told of, when a digest goes out, and which keys they can change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Literal

Mail = Literal["now", "daily", "never"]
MAILS: dict[Mail, str] = {"now": "At once", "daily": "In the daily digest", "never": "Never"}
DIGEST_AT = time(7, 0)  # in the server's zone


@dataclass(frozen=True)
class Kind:
    """One kind of notification: its name, when it comes, and how it is mailed unless a person says otherwise."""

    title: str
    comes: str
    mail: Mail = "daily"


KINDS: dict[str, Kind] = {
    "tasks": Kind("Tasks to answer", "A mining run has opened tasks in a queue you may answer."),
    "dispute": Kind("Disputes to settle", "People disagree about a task, or asked for a lead."),
    "exclusion": Kind("Tasks excluded", "Somebody has taken a task out for everybody; you may put it back."),
    "proposal": Kind("Proposals to decide on", "Somebody else has put a curriculum forward."),
    "decision": Kind("Decisions on your proposals", "Yours was approved or sent back.", mail="now"),
    "gate": Kind("Verdicts of the gate", "A candidate was judged, or a second lead is needed.", mail="now"),
    "round": Kind("Rounds to reflect on", "A round has its decision and waits for what it taught."),
    "run_done": Kind("Runs that are done", "A run that you started has ended.", mail="never"),
    "run_failed": Kind("Runs that failed", "A run that you started has failed.", mail="now"),
    "webhook": Kind(
        "Webhooks switched off", "An address outside could not be told of anything for days.", mail="now"
    ),
    "mention": Kind("Mentions and replies", "Somebody mentions you, or answers your comment.", mail="now"),
    "calibration": Kind(
        "Calibration", "A calibration session is due: for you, or for somebody you look after."
    ),
}


def next_digest(at: datetime, *, zone: tzinfo) -> datetime:
    """The first digest after this moment."""
    local = at.astimezone(zone)
    day = local.date() + timedelta(days=local.time() >= DIGEST_AT)
    return datetime.combine(day, DIGEST_AT, tzinfo=zone)


KEYS: dict[str, str] = {
    "a": "Left is better, in a comparison",
    "b": "Right is better, in a comparison",
    "e": "Both are equal, in a comparison",
    "/": "Find a label",
    "[": "Previous reasoning step",
    "]": "Next reasoning step",
    "+": "Picture larger; in bulk, the example",
    "-": "Picture smaller",
    "d": "Difference of a correction, on and off",
    "c": "Comment, or note",
    "r": "Reveal what the model says",
    "s": "Skip: not for me",
    "x": "Escalate: for a lead",
    "o": "Exclude: not for anyone",
    "t": "Talk about it",
    "u": "Reopen the last decision",
    "g": "Guidelines",
    "l": "Leave a dispute for later",
    "=": "Take an answer over, in a dispute",
    "m": "Select by the model's label, in bulk",
    "v": "Condition of what is selected, in bulk",
    "?": "The list of keys",
}
"""What each single key does that a person may change: those of the registries in static/js, digits aside."""


BREAKS = {0: "Never", 25: "After 25 minutes", 50: "After 50 minutes", 90: "After 90 minutes"}
"""After how much work a break is offered at the desk."""


def key_in_use(keys: dict[str, str]) -> dict[str, str]:
    """The key of each action, by its own: {"s": "k", "x": "x", …}."""
    return {own: keys.get(own, own) for own in KEYS}


def clashing(keys: dict[str, str]) -> tuple[str, str] | None:
    """The first two actions, by their own keys, that would share one."""
    holders: dict[str, str] = {}
    for own, key in key_in_use(keys).items():
        if key in holders:
            return holders[key], own
        holders[key] = own
    return None
