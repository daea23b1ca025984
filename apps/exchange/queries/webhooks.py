"""Webhooks, their deliveries, and how these went."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from apps.core.errors import NotFound
from apps.core.models import EventSeal
from apps.exchange.models import Delivery, DeliveryState, Webhook
from apps.projects.models import Project

SINCE = {
    DeliveryState.WAITING: Q(next_try_at__isnull=False),
    DeliveryState.DELIVERED: Q(delivered_at__isnull=False),
    DeliveryState.DEAD: Q(died_at__isnull=False),
}


def webhooks_of(*, project: Project) -> QuerySet[Webhook]:
    """Newest first."""
    return Webhook.objects.select_related("created_by", "project").filter(project=project)


def webhook_in(*, project: Project, webhook_id: int) -> Webhook:
    """The project's webhook; raises `NotFound`."""
    found = webhooks_of(project=project).filter(pk=webhook_id).first()
    if found is None:
        raise NotFound("There is no such webhook in this project.")
    return found


def deliveries_of(*, webhook: Webhook, state: str = "") -> QuerySet[Delivery]:
    """Newest first; of one state where it is given."""
    rows = Delivery.objects.filter(webhook=webhook)
    return rows.filter(SINCE[DeliveryState(state)]) if state else rows


@dataclass(frozen=True)
class Counts:
    """How many of a webhook's deliveries stand where."""

    waiting: int = 0
    delivered: int = 0
    dead: int = 0


def counts_of(*, webhooks: list[Webhook]) -> dict[int, Counts]:
    """By webhook, its deliveries of the last thirty days."""
    named = {state.value: Count("pk", filter=since) for state, since in SINCE.items()}
    rows = Delivery.objects.filter(webhook__in=webhooks).order_by().values("webhook_id").annotate(**named)
    found = {row.pop("webhook_id"): Counts(**row) for row in rows}
    return {webhook.pk: found.get(webhook.pk, Counts()) for webhook in webhooks}


def head() -> int:
    """The number of the last sealed event, 0 before the first."""
    last = EventSeal.objects.order_by("-number").values_list("number", flat=True).first()
    return last or 0
