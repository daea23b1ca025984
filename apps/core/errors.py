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
    code = "illegal_move"

    def __init__(self, row: object, origin: str, to: str) -> None:
        noun = type(row).__name__.lower()
        super().__init__(
            f"This {noun} is {origin}; it cannot become {to}. Reload the page to see where it stands.",
            origin=origin,
            to=to,
        )


class LostRace(DomainError):
    code = "lost_race"

    def __init__(self, row: object, to: str) -> None:
        noun = type(row).__name__.lower()
        super().__init__(
            f"Somebody else changed this {noun} first, so it did not become {to}. Reload and look again."
        )
