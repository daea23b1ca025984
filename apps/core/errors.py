"""Errors a user can meet. Each carries a code, an HTTP status, and a sentence that tells what to do."""

from __future__ import annotations


class DomainError(Exception):
    """Base of all errors that are the answer to a request rather than a fault of the product."""

    code = "domain_error"
    status = 409

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class BadInput(DomainError):
    """The request cannot be understood; `detail` names row and field where there are any."""

    code = "bad_input"
    status = 422


class NotAllowed(DomainError):
    code = "not_allowed"
    status = 403


class NotFound(DomainError):
    code = "not_found"
    status = 404


class IllegalMove(DomainError):
    """`ended` is for a row that moves no more; `by` tells who brought it there, and when."""

    code = "illegal_move"

    def __init__(self, row: object, origin: str, to: str, *, ended: bool = False, by: str = "") -> None:
        noun, where = noun_of(row), in_words(origin)
        if origin == to:
            message = f"This {noun} is already {where}{by}."
        else:
            message = f"This {noun} cannot be {in_words(to)}{' any more' * ended}: it is {where}{by}."
        super().__init__(message, origin=origin, to=to)


class LostRace(DomainError):
    code = "lost_race"

    def __init__(self, row: object, to: str) -> None:
        super().__init__(
            f"Somebody else changed this {noun_of(row)} first, so it was not {in_words(to)}. "
            "Look again where it stands now."
        )


def noun_of(row: object) -> str:
    """What people call a row: `training run`, not `TrainingRun`."""
    meta = getattr(row, "_meta", None)
    return str(meta.verbose_name) if meta else type(row).__name__.lower()


def in_words(state: str) -> str:
    """A state as it stands after `is`: `sent back`, `in conflict`."""
    return {"conflict": "in conflict", "draft": "a draft"}.get(state, str(state).replace("_", " "))
