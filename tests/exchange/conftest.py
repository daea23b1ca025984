"""A post office: the house with a webhook whose deliveries are tried when a test says so; a receiver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import pytest

from apps.core.events import seal_events
from apps.exchange.domain.webhooks import TOPICS
from apps.exchange.models import Delivery, Webhook
from apps.exchange.queries.webhooks import deliveries_of
from apps.exchange.services.deliveries import Answer, record_answer, take_due, write_deliveries
from apps.exchange.services.webhooks import (
    make_webhook,
)
from tests.conftest import House
from tests.exchange.receiver import Receiver, receiving

URL = "https://hooks.example/in"


@dataclass
class Post:
    """The house with one webhook that is told of everything; what it is told is written when a test says so."""

    house: House
    webhook: Webhook
    secret: str

    def told(self) -> list[dict[str, Any]]:
        """The bodies of all its deliveries, oldest first, after the chain was sealed and read."""
        seal_events()
        write_deliveries(at=self.house.clock)
        return [json.loads(row.body) for row in deliveries_of(webhook=self.webhook).order_by("pk")]

    def one(self) -> Delivery:
        """A delivery that waits."""
        return Delivery.objects.create(
            webhook=self.webhook,
            event="x",
            body="{}",
            created_at=self.house.clock,
            next_try_at=self.house.clock,
        )

    def tried(self, answer: Answer, *, at: datetime | None = None) -> Delivery:
        """The delivery that is due, after one try that came to this."""
        at = at or self.house.clock
        (due,) = take_due(at=at, most=1)
        record_answer(delivery=due, answer=answer, at=at, rng=Random(1))
        due.refresh_from_db()
        return due

    def now(self) -> Webhook:
        self.webhook.refresh_from_db()
        return self.webhook


@pytest.fixture
def post(house: House) -> Post:
    values = {"project": house.project, "by": house.lena, "at": house.clock}
    webhook, secret = make_webhook(url=URL, events=list(TOPICS), **values)
    return Post(house, webhook, secret)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with receiving() as found:
        yield found
