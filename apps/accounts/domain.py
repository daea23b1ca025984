"""What people can be told of, and when a digest goes out."""

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
    "proposal": Kind("Proposals to decide on", "Somebody else has put a curriculum forward."),
    "decision": Kind("Decisions on your proposals", "Yours was approved or sent back.", mail="now"),
    "gate": Kind("Verdicts of the gate", "A candidate was judged, or a second lead is needed.", mail="now"),
    "round": Kind("Rounds to reflect on", "A round has its decision and waits for what it taught."),
    "run_done": Kind("Runs that are done", "A run that you started has ended.", mail="never"),
    "run_failed": Kind("Runs that failed", "A run that you started has failed.", mail="now"),
    "mention": Kind("Mentions and replies", "Somebody mentions you, or answers your comment.", mail="now"),
    "calibration": Kind("Calibration", "A calibration session or gold is due for you."),
}


def next_digest(at: datetime, *, zone: tzinfo) -> datetime:
    """The first digest after this moment."""
    local = at.astimezone(zone)
    day = local.date() + timedelta(days=local.time() >= DIGEST_AT)
    return datetime.combine(day, DIGEST_AT, tzinfo=zone)
