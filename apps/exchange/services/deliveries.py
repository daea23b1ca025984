"""Deliveries written from the audit chain, taken to be sent, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection, transaction
from django.urls import reverse

from apps.accounts.services.notices import notify
from apps.core.errors import DomainError
from apps.core.models import EventSeal
from apps.core.moves import move
from apps.exchange.domain.webhooks import GIVES_UP_AFTER, GONE, KEPT, TOPIC_OF, kinds_of, wait_after
from apps.exchange.models import Delivery, Webhook, WebhookState
from apps.exchange.queries.messages import messages_of
from apps.exchange.queries.webhooks import head
from apps.exchange.services.webhooks import bury
from apps.projects.queries import people_who_may

LOOKED_AT_ONCE = 2_000
TAKEN_FOR = timedelta(seconds=60)  # far longer than a try may last: then its sender has died
# of an address that fails one is tried at a time, so that it does not keep others waiting
TAKE = """
UPDATE exchange_delivery AS taken SET tries = taken.tries + 1, tried_at = %(at)s, next_try_at = %(until)s
FROM (
    SELECT due.id FROM exchange_webhook AS webhook CROSS JOIN LATERAL (
        SELECT id, next_try_at FROM exchange_delivery
        WHERE webhook_id = webhook.id AND next_try_at <= %(at)s ORDER BY next_try_at, id
        LIMIT CASE WHEN webhook.failing_since IS NULL THEN 8 ELSE 1 END FOR UPDATE SKIP LOCKED
    ) AS due WHERE webhook.state = 'on' ORDER BY due.next_try_at LIMIT %(most)s
) AS chosen WHERE taken.id = chosen.id RETURNING taken.id
"""


class DeliveryLost(DomainError):
    """Another sender has taken this delivery since, or a person has: what came of this try is not written down."""

    code = "delivery_lost"


@dataclass(frozen=True)
class Answer:
    """What came of one try: the status, or None where there was no answer; its first bytes, or why there was none."""

    status: int | None
    text: str
    milliseconds: int

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def write_deliveries(*, at: datetime) -> None:
    """Write down what each webhook has to be told of the events sealed since it was looked at last.

    Numbers in the chain have no gaps and are given in one order, so a position misses nothing and doubles nothing.
    """
    last = head()
    for pk in Webhook.objects.filter(state=WebhookState.ON, position__lt=last).values_list("pk", flat=True):
        while _follow(pk, last, at):
            pass


@transaction.atomic
def _follow(pk: int, last: int, at: datetime) -> bool:
    """The next stretch of the chain for one webhook; whether there is more."""
    rows = Webhook.objects.select_for_update(of=("self",), skip_locked=True).select_related("project")
    webhook = rows.filter(pk=pk, state=WebhookState.ON, position__lt=last).first()
    if webhook is None:
        return False  # another worker, or a person, is at it
    until = min(webhook.position + LOOKED_AT_ONCE, last)
    stretch = EventSeal.objects.filter(number__gt=webhook.position, number__lte=until)
    wanted = stretch.filter(event__project_id=webhook.project_id, event__kind__in=kinds_of(webhook.events))
    seals = list(wanted.select_related("event").order_by("number"))
    messages = messages_of(project=webhook.project, seals=seals)
    events = {seal.number: TOPIC_OF[seal.event.kind] for seal in seals}
    Delivery.objects.bulk_create(
        Delivery(
            webhook=webhook, number=number, event=events[number], body=body, created_at=at, next_try_at=at
        )
        for number, body in messages.items()
    )
    Webhook.objects.filter(pk=pk).update(position=until)
    return until < last


@transaction.atomic
def take_due(*, at: datetime, most: int) -> list[Delivery]:
    """Up to `most` deliveries whose time has come; if nothing is heard of them, they are due again in a minute."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"at": at, "until": at + TAKEN_FOR, "most": most})
        found = [pk for (pk,) in cursor.fetchall()]
    return list(Delivery.objects.select_related("webhook").filter(pk__in=found).order_by("pk"))


@transaction.atomic
def record_answer(*, delivery: Delivery, answer: Answer, at: datetime, rng: Random) -> None:
    """Write down what came of a try; the webhook is switched off where nothing has come through for days.

    Raises `DeliveryLost` when the try is no longer ours.
    """
    rows = Webhook.objects.select_for_update(of=("self",)).select_related("project")
    webhook = rows.filter(pk=delivery.webhook_id).first()
    held = Delivery.objects.filter(pk=delivery.pk, tries=delivery.tries, next_try_at__isnull=False)
    said = {"status": answer.status, "answer": answer.text, "milliseconds": answer.milliseconds}
    if webhook is None or not held.update(**said, **_outcome(delivery, answer, at, rng)):
        raise DeliveryLost(f"Delivery {delivery.pk} was taken over, buried or deleted while it was sent.")
    if answer.arrived:
        Webhook.objects.filter(pk=webhook.pk, failing_since__isnull=False).update(failing_since=None)
    else:
        _note_failure(webhook, answer, at)


def _outcome(delivery: Delivery, answer: Answer, at: datetime, rng: Random) -> dict[str, Any]:
    if answer.arrived:
        return {"next_try_at": None, "delivered_at": at}
    wait = wait_after(delivery.tries, rng=rng)
    return {"next_try_at": at + wait} if wait else {"next_try_at": None, "died_at": at}


def _note_failure(webhook: Webhook, answer: Answer, at: datetime) -> None:
    since = webhook.failing_since or at
    if webhook.failing_since is None:
        Webhook.objects.filter(pk=webhook.pk).update(failing_since=at)
    if webhook.state != WebhookState.ON:
        return  # somebody switched it off while this was on its way
    if answer.status == GONE:
        _give_up(webhook, "It answered 410 Gone, which asks for no more.", at)
    elif at - since >= GIVES_UP_AFTER:
        _give_up(webhook, f"Nothing has come through since {since:%-d %B %H:%M} UTC.", at)


def _give_up(webhook: Webhook, why: str, at: datetime) -> None:
    move(webhook, to=WebhookState.OFF, at=at, data={"why": why}, off_why=why)
    bury(webhook=webhook, at=at)
    notify(
        people=people_who_may(project=webhook.project, action="manage_webhooks"),
        kind="webhook",
        project_id=webhook.project_id,
        about=f"webhook:{webhook.pk}",
        title=f"A webhook of {webhook.project} was switched off. {why} Mend the receiver, then switch it on.",
        url=reverse("exchange:webhook", args=[webhook.project.slug, webhook.pk]),
        at=at,
    )


def forget_deliveries(*, at: datetime) -> int:
    """Delete what arrived or died longer ago than the log is kept; how many."""
    old = Delivery.objects.filter(created_at__lt=at - KEPT, next_try_at=None)
    return old.delete()[0]
