"""A person's tokens."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from apps.accounts.models import ApiToken, User


def live_tokens(*, user: User, at: datetime) -> QuerySet[ApiToken]:
    """Tokens that sign in now, newest first."""
    return user.api_tokens.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)


def ended_tokens(*, user: User, at: datetime, n: int = 10) -> QuerySet[ApiToken]:
    """The latest tokens that were revoked or have expired."""
    return user.api_tokens.filter(Q(revoked_at__isnull=False) | Q(expires_at__lte=at))[:n]
