"""A task with the answers it was given, as formats of answers take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Said:
    """One person's current answer. `counts` is false for what came too late; `settles` marks a lead's decision."""

    id: int
    person: str
    answers: dict[str, Any]
    condition: str
    confidence: int | None
    protocol: int
    at: str
    seconds: float
    counts: bool = True
    settles: bool = False


@dataclass(frozen=True)
class Answered:
    """One task: its example and all that was said of it. `content` is None where the payload was purged."""

    task: int
    key: str
    content: dict[str, Any] | None
    protocol: dict[str, Any]
    label: str | None
    split: str
    licence: str
    said: list[Said] = field(default_factory=list)

    @property
    def decided(self) -> list[Said]:
        """The answers to teach from: a lead's decision where there is one, else all that count and are clear."""
        settled = [one for one in self.said if one.settles]
        return [one for one in settled or self.said if one.counts and one.condition == "clear"]
