"""Webhooks: what can be told of, when a failed delivery is tried again, and the secret it is signed with."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from django.utils.crypto import salted_hmac

from apps.core.errors import BadInput

TEST = "webhook.test"
MOST_WEBHOOKS = 20  # of one project: each follows the audit chain by itself
MOST_TRIES = 11
FIRST_WAIT, LONGEST_WAIT = 5.0, 6 * 3600.0  # seconds
GIVES_UP_AFTER = timedelta(days=3)  # of nothing but failures
OVERLAP = timedelta(hours=24)  # both secrets sign after a rotation
KEPT = timedelta(days=30)
GONE = 410  # the address says that it wants no more


@dataclass(frozen=True)
class Topic:
    """One kind of message: what it tells, and the events of the audit chain that it tells of."""

    words: str
    kinds: tuple[str, ...]


TOPICS: dict[str, Topic] = {
    "task.completed": Topic("A task has its verdict", ("task.agreed", "task.settled")),
    "dataset_version.created": Topic("A dataset version was cut", ("dataset.created",)),
    "curriculum_version.approved": Topic("A curriculum was approved", ("proposal.approved",)),
    "training_run.finished": Topic(
        "A training run is done, has failed or was cancelled",
        ("trainingrun.done", "trainingrun.failed", "trainingrun.cancelled"),
    ),
    "alias.moved": Topic(
        "An alias points at another model", ("alias.promote", "alias.override", "alias.roll_back")
    ),
}
TOPIC_OF = {kind: name for name, topic in TOPICS.items() for kind in topic.kinds}


def chosen_topics(names: Iterable[str]) -> list[str]:
    """The topics in their own order; raises `BadInput` for one there is not, or for none."""
    wanted = set(names)
    if unknown := sorted(wanted - set(TOPICS)):
        raise BadInput(
            f"There is no event {unknown[0][:40]!r}; choose from {', '.join(TOPICS)}.", field="events"
        )
    if not wanted:
        raise BadInput("Choose at least one event to be told of.", field="events")
    return [name for name in TOPICS if name in wanted]


def kinds_of(topics: Iterable[str]) -> list[str]:
    """The kinds of events that these topics tell of."""
    return [kind for name in topics if name in TOPICS for kind in TOPICS[name].kinds]


def wait_after(tries: int, *, rng: Random) -> timedelta | None:
    """How long to wait after this many failures: four times as long each time, up to six hours, ± a quarter.

    All tries together take about a day; None after the last.
    """
    if tries >= MOST_TRIES:
        return None
    seconds = min(FIRST_WAIT * 4 ** (tries - 1), LONGEST_WAIT)
    return timedelta(seconds=seconds * rng.uniform(0.75, 1.25))


def secret_of(salt: str) -> str:
    """The secret that belongs to a salt: nothing but the salt is kept, so a copy of the database signs nothing."""
    key = salted_hmac("exchange.webhooks", salt, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(key).decode()}"
