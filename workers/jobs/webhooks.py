"""Webhooks: what was sealed is written down for each, and sent. One sender at a time, for some seconds at most."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.core.jobs import DELIVER, FORGET
from apps.exchange.domain.webhooks import secret_of
from apps.exchange.models import Delivery
from apps.exchange.services.deliveries import (
    DeliveryLost,
    forget_deliveries,
    record_answer,
    take_due,
    write_deliveries,
)
from workers.jobs.core import scheduled
from workers.posting import Letter, post_all

log = logging.getLogger(__name__)

SENDER_LOCK = 7_303_020  # any constant: one sender at a time holds this advisory lock
AT_ONCE = 32
TURN = 8.0  # seconds after which no more are taken: others wait for this worker too


@scheduled(DELIVER)
def deliver() -> None:
    """Write down what has to be told, then send what is due. A sender that is killed leaves it due in a minute."""
    write_deliveries(at=timezone.now())
    with only_sender() as free:
        until = time.monotonic() + TURN
        while free and time.monotonic() < until and send_due(rng=Random()):  # noqa: S311  # jitter
            pass


@contextmanager
def only_sender() -> Iterator[bool]:
    """Whether this is the only sender; else another one sends what is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SENDER_LOCK])
        free = bool(cursor.fetchone()[0])
    try:
        yield free
    finally:
        if free:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SENDER_LOCK])


def send_due(*, rng: Random) -> int:
    """Send some of what is due, all at once; how many."""
    at = timezone.now()
    due = take_due(at=at, most=AT_ONCE)
    letters = [letter_of(delivery) for delivery in due]
    answers = asyncio.run(post_all(letters, at=at, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE))
    for delivery, answer in zip(due, answers, strict=True):
        try:
            record_answer(delivery=delivery, answer=answer, at=timezone.now(), rng=rng)
        except DeliveryLost as lost:
            log.info("%s", lost)
    return len(due)


def letter_of(delivery: Delivery) -> Letter:
    """The delivery as it is sent now: to today's address, signed by the secrets that hold today."""
    webhook = delivery.webhook
    salts = [webhook.salt]
    if webhook.old_salt_until and webhook.old_salt_until > timezone.now():
        salts.append(webhook.old_salt)
    return Letter(webhook.url, delivery.message_id, delivery.body, [secret_of(salt) for salt in salts])


@scheduled(FORGET)
def forget() -> None:
    forget_deliveries(at=timezone.now())
