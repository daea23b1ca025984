"""A person's tokens, and what they are told of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from apps.accounts.domain import KINDS
from apps.accounts.models import ApiToken, Notification, User


def live_tokens(*, user: User, at: datetime) -> QuerySet[ApiToken]:
    """Tokens that sign in now, newest first."""
    return user.api_tokens.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)


def ended_tokens(*, user: User, at: datetime, n: int = 10) -> QuerySet[ApiToken]:
    """The latest tokens that were revoked or have expired."""
    return user.api_tokens.filter(Q(revoked_at__isnull=False) | Q(expires_at__lte=at))[:n]


def notifications_of(*, person: User, unread: bool = False) -> QuerySet[Notification]:
    """What a person has been told, newest first."""
    rows = Notification.objects.filter(person=person, shown=True).order_by("-number")
    return rows.filter(read_at=None) if unread else rows


def unread_count(*, person: User) -> int:
    return Notification.objects.filter(person=person, shown=True, read_at=None).count()


def told_since(*, kind: str, about: str, at: datetime) -> bool:
    """Whether anybody was told of this since then, and whatever became of it."""
    return Notification.objects.filter(kind=kind, about=about, created_at__gt=at).exists()


def notifications_to_mail(*, at: datetime) -> QuerySet[Notification]:
    """The outbox: what is due to be mailed and was neither mailed nor read."""
    return Notification.objects.filter(mail_after__lte=at, mailed_at=None, read_at=None)


@dataclass(frozen=True)
class Choice:
    """How a person is told of one kind: in the product, and by mail."""

    in_app: bool
    mail: str


def choices_of(*, person: User) -> dict[str, Choice]:
    """For every kind what the person has chosen, else its default."""
    rows = person.notification_choices.values_list("kind", "in_app", "mail")
    chosen = {kind: Choice(in_app, mail) for kind, in_app, mail in rows}
    return {name: chosen.get(name, Choice(in_app=True, mail=kind.mail)) for name, kind in KINDS.items()}
