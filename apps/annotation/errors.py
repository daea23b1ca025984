"""What can go wrong at the desk, and what to do then."""

from __future__ import annotations

from typing import Any

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


class NotDecided(DomainError):
    code = "not_decided"

    def __init__(self) -> None:
        super().__init__(
            "This task has not been decided: there is nothing to reopen. Settle it, or leave it."
        )


class NothingToSettle(DomainError):
    code = "nothing_to_settle"

    def __init__(self) -> None:
        super().__init__(
            "This task is neither in conflict nor escalated: there is nothing to settle. Take the next."
        )
