"""The schedule's mails: notifications, at once or as a digest."""

from __future__ import annotations

import logging

from django.utils import timezone

from apps.accounts.services.mail import send_notifications
from apps.core.jobs import MAIL
from workers.jobs.core import scheduled

log = logging.getLogger(__name__)


@scheduled(MAIL)
def mail() -> None:
    try:
        send_notifications(at=timezone.now())
    except OSError as error:  # smtplib's errors are OSErrors too
        log.warning("The mail server does not answer (%s); the next turn makes up for it.", error)
