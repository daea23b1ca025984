"""What can go wrong with a comment, and what to do then."""

from __future__ import annotations

from apps.comments.domain import MAX_ON_EXAMPLE
from apps.core.errors import DomainError


class MentionsPeers(DomainError):
    code = "mentions_peers"
    status = 422

    def __init__(self, names: list[str]) -> None:
        who = " and ".join(names)
        super().__init__(
            f"{who} may be asked about this example too, and must not know what you think of it yet. "
            "Mention a lead instead; or wait until it is decided. Your comment was not added.",
            field="text",
        )


class TooManyComments(DomainError):
    code = "too_many_comments"

    def __init__(self) -> None:
        super().__init__(
            f"There are {MAX_ON_EXAMPLE} comments on this example already: nobody reads more. Yours was not added."
        )
