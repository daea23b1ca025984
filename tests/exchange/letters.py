"""A webhook with a dead letter, for tests that need rows of both."""

from __future__ import annotations

from apps.exchange.models import Delivery
from apps.exchange.services.webhooks import make_webhook
from tests.conftest import House


def dead_letter(house: House) -> Delivery:
    values = {"project": house.project, "by": house.people["lena"], "at": house.clock}
    webhook, _ = make_webhook(url="https://hooks.example/in", events=["alias.moved"], **values)
    return Delivery.objects.create(
        webhook=webhook, event="alias.moved", body="{}", created_at=house.clock, died_at=house.clock
    )


def letter_words(house: House) -> dict[str, int]:
    """What addresses of pages call the two."""
    dead = dead_letter(house)
    return {"delivery_id": dead.pk, "webhook_id": dead.webhook_id}
