"""Webhooks made, changed, tried out, switched off and on, deleted; their secrets changed; dead letters sent again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services.notices import withdraw_notices
from apps.core.errors import BadInput, DomainError, NotFound
from apps.core.events import record_event
from apps.core.jobs import DELIVER, enqueue
from apps.core.moves import move
from apps.exchange.domain.addresses import check_url
from apps.exchange.domain.webhooks import MOST_WEBHOOKS, OVERLAP, TEST, chosen_topics, secret_of
from apps.exchange.models import Delivery, Webhook, WebhookState
from apps.exchange.queries.messages import body_of
from apps.exchange.queries.webhooks import head, webhooks_of
from apps.projects.models import Project
from apps.projects.permissions import require

Secret = tuple[Webhook, str]


class SwitchedOff(DomainError):
    code = "switched_off"

    def __init__(self) -> None:
        super().__init__("This webhook is switched off. Switch it on first: until then nothing is sent.")


@transaction.atomic
def make_webhook(*, project: Project, url: str, events: Iterable[str], by: User, at: datetime) -> Secret:
    """A new webhook, told of what happens from now on, and its secret, which is shown this once."""
    require(person=by, project=project, action="manage_webhooks")
    values = _checked(url, events)
    Project.objects.select_for_update(no_key=True).get(
        pk=project.pk
    )  # one more at a time, or they are too many
    if webhooks_of(project=project).count() >= MOST_WEBHOOKS:
        raise BadInput(f"A project has at most {MOST_WEBHOOKS} webhooks. Delete one that is not used.")
    salt = secrets.token_hex(32)
    webhook = Webhook.objects.create(
        project=project, position=head(), salt=salt, created_by=by, created_at=at, **values
    )
    record_event(kind="webhook.made", row=webhook, at=at, actor=by, **values)
    return webhook, secret_of(salt)


def _checked(url: str, events: Iterable[str]) -> dict[str, Any]:
    return {
        "url": check_url(url, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE),
        "events": chosen_topics(events),
    }


def _lock(*, webhook: Webhook, by: User) -> Webhook:
    require(person=by, project=webhook.project, action="manage_webhooks")
    rows = Webhook.objects.select_for_update(of=("self",)).select_related("project", "created_by")
    row = rows.filter(pk=webhook.pk).first()
    if row is None:
        raise NotFound("This webhook was deleted meanwhile.")
    return row


@transaction.atomic
def change_webhook(*, webhook: Webhook, url: str, events: Iterable[str], by: User, at: datetime) -> Webhook:
    """Another address, or other events: from the next event on, and for what still waits to be sent."""
    row = _lock(webhook=webhook, by=by)
    values = _checked(url, events)
    Webhook.objects.filter(pk=row.pk).update(**values)
    row.url, row.events = values["url"], values["events"]
    record_event(kind="webhook.changed", row=row, at=at, actor=by, **values)
    return row


@transaction.atomic
def rotate_secret(*, webhook: Webhook, by: User, at: datetime) -> Secret:
    """A new secret, shown this once; for a day the one before it signs too, and any older one no more."""
    row = _lock(webhook=webhook, by=by)
    changes: dict[str, Any] = {"old_salt": row.salt, "old_salt_until": at + OVERLAP}
    row.salt = secrets.token_hex(32)
    Webhook.objects.filter(pk=row.pk).update(salt=row.salt, **changes)
    row.old_salt, row.old_salt_until = changes["old_salt"], changes["old_salt_until"]
    record_event(kind="webhook.rotated", row=row, at=at, actor=by)
    return row, secret_of(row.salt)


@transaction.atomic
def switch_off(*, webhook: Webhook, by: User, at: datetime) -> Webhook:
    """Send nothing more; what waits is dead, and can be sent again when it is on."""
    row = _lock(webhook=webhook, by=by)
    move(row, to=WebhookState.OFF, at=at, actor=by, off_why="")
    bury(webhook=row, at=at)
    return row


def bury(*, webhook: Webhook, at: datetime) -> None:
    """What waits to be sent to it, is not sent by itself any more."""
    waiting = Delivery.objects.filter(webhook=webhook, next_try_at__isnull=False)
    waiting.update(next_try_at=None, died_at=at)


@transaction.atomic
def switch_on(*, webhook: Webhook, by: User, at: datetime) -> Webhook:
    """Tell it again of what happens from now on."""
    row = _lock(webhook=webhook, by=by)
    move(row, to=WebhookState.ON, at=at, actor=by, position=head(), failing_since=None, off_why="")
    withdraw_notices(kind="webhook", about=f"webhook:{row.pk}", at=at)
    return row


@transaction.atomic
def delete_webhook(*, webhook: Webhook, by: User, at: datetime) -> None:
    """Gone, with its log; what it was stays in the audit chain."""
    row = _lock(webhook=webhook, by=by)
    record_event(kind="webhook.deleted", row=row, at=at, actor=by, url=row.url)
    withdraw_notices(kind="webhook", about=f"webhook:{row.pk}", at=at)
    row.delete()


@transaction.atomic
def send_test(*, webhook: Webhook, by: User, at: datetime) -> Delivery:
    """Send it a message that tells nothing, at once."""
    row = _lock(webhook=webhook, by=by)
    if row.state != WebhookState.ON:
        raise SwitchedOff
    body = body_of(type=TEST, at=at.isoformat(), data={"project": row.project.slug, "webhook": row.pk})
    delivery = Delivery.objects.create(webhook=row, event=TEST, body=body, created_at=at, next_try_at=at)
    record_event(kind="webhook.tested", row=row, at=at, actor=by)
    enqueue(DELIVER)
    return delivery


@transaction.atomic
def replay(*, webhook: Webhook, by: User, at: datetime, delivery_id: int | None = None) -> int:
    """Send dead letters again, all of them or the one named, with the ids they had; how many there were."""
    row = _lock(webhook=webhook, by=by)
    if row.state != WebhookState.ON:
        raise SwitchedOff
    dead = Delivery.objects.filter(webhook=row, died_at__isnull=False)
    if delivery_id is not None:
        dead = dead.filter(pk=delivery_id)
    found = dead.update(died_at=None, next_try_at=at, tries=0)
    if delivery_id is not None and not found:
        raise NotFound("There is no such dead letter: it was sent again already, or has arrived.")
    if found:
        record_event(kind="webhook.replayed", row=row, at=at, actor=by, deliveries=found)
        enqueue(DELIVER)
    return found
