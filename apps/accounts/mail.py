"""Whether this installation sends mail at all."""

from __future__ import annotations

from django.conf import settings

UNSENT = tuple(f"django.core.mail.backends.{kind}.EmailBackend" for kind in ("console", "dummy", "filebased"))


def sends_mail() -> bool:
    """Where it does not, nothing may promise a mail."""
    return settings.EMAIL_BACKEND not in UNSENT
