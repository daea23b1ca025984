"""What can go wrong at the desk, and what to do then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.annotation.domain import since_words
from apps.core.errors import DomainError


class AlreadyAnswered(DomainError):
    code = "already_answered"

    def __init__(self) -> None:
        super().__init__("You have already answered this task. Reopen it (U) to change your answer.")


class ChangedElsewhere(DomainError):
    code = "changed_elsewhere"

    def __init__(self, *, draft: dict[str, Any], version: str) -> None:
        super().__init__(
            "This draft was changed in another tab or on another device since you loaded it. Nothing was saved "
            "here: compare the two, and send yours again based on the version given here to keep yours.",
            draft=draft,
            version=version,
        )


class NothingToReveal(DomainError):
    code = "nothing_to_reveal"
    status = 422

    def __init__(self, why: str) -> None:
        super().__init__(f"There is nothing to reveal: {why} What you have answered so far is kept.")


class CannotReopen(DomainError):
    code = "cannot_reopen"

    def __init__(self, why: str) -> None:
        super().__init__(f"This answer cannot be reopened: {why}. Your answer stands as it is.")


class NotInBulk(DomainError):
    code = "not_in_bulk"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The protocol in force cannot be answered in bulk. {reason} Answer at the desk.")


class OwnTask(DomainError):
    code = "own_task"
    status = 403

    def __init__(self) -> None:
        super().__init__("You answered this task yourself, so somebody else must settle it.")


class BeingSettled(DomainError):
    """Two leads at one dispute would undo each other's work."""

    code = "being_settled"

    def __init__(self, *, name: str, since: datetime, at: datetime) -> None:
        super().__init__(
            f"{name} is at this dispute {since_words(since, at=at)}. Nothing was changed: take another, or take this "
            "one over first.",
            by=name,
            since=since.isoformat(),
        )


class NotDecided(DomainError):
    code = "not_decided"

    def __init__(self) -> None:
        super().__init__(
            "This task has not been decided: there is nothing to reopen. Settle it, or leave it."
        )


class NotExcluded(DomainError):
    code = "not_excluded"

    def __init__(self, *, state: str) -> None:
        super().__init__(
            f"This task is not excluded but {state.lower()}: there is nothing to put back. Reload the page to see it."
        )


class NothingToSettle(DomainError):
    code = "nothing_to_settle"

    def __init__(self) -> None:
        super().__init__(
            "This task is neither in conflict nor escalated: there is nothing to settle. Take the next."
        )
