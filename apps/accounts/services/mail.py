"""Notifications mailed: at once or in the daily digest, one mail to a person for all that is due."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string

from apps.accounts.mail import sends_mail
from apps.accounts.models import Notification, User
from apps.accounts.queries import notifications_to_mail

log = logging.getLogger(__name__)
TRIES = 6
MAILED_AT_ONCE = 200
FIRST_WAIT = timedelta(minutes=2)  # doubled by each further refusal


def send_notifications(*, at: datetime) -> int:
    """Mail everybody what is due for them; how many mails went out. Raises `OSError` when no server answers.

    Never twice: rows are claimed, by compare-and-set, before their mail is handed over. A worker that dies between
    the two loses that mail, and so does a connection that breaks before the server has said whether it took it:
    better a mail too few than one too many, for the notification still stands in the product. A mail that the server
    refuses in so many words was not sent: it is tried again, later and later.
    """
    if not sends_mail():
        return 0
    due = notifications_to_mail(at=at).order_by("person").values_list("person", flat=True).distinct()
    people = User.objects.filter(is_active=True, pk__in=list(due[:MAILED_AT_ONCE]))
    return sum(_send(person, at=at) for person in people)


def _send(person: User, *, at: datetime) -> bool:
    with get_connection() as server:  # before anything is claimed: while there is none, nothing is lost
        rows = _claim(person, at=at)
        return bool(rows) and _hand_over(_mail(person, rows, server), rows, at=at)


def _hand_over(mail: EmailMessage, rows: list[Notification], *, at: datetime) -> bool:
    try:
        mail.send()
    except (SMTPResponseException, SMTPRecipientsRefused) as refused:
        log.warning("The mail server refused a mail (%s).", refused)
        _give_back(rows, at=at)
        return False
    except OSError as error:
        log.warning("Whether the mail server took a mail is not known (%s).", error)
        return False
    return True


@transaction.atomic
def _claim(person: User, *, at: datetime) -> list[Notification]:
    due = notifications_to_mail(at=at).filter(person=person).select_for_update(skip_locked=True)
    rows = list(due.order_by("-number"))
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
        mailed_at=at, mail_tries=F("mail_tries") + 1
    )
    return rows


@transaction.atomic
def _give_back(rows: Iterable[Notification], *, at: datetime) -> None:
    for row in rows:
        again = at + FIRST_WAIT * 2**row.mail_tries if row.mail_tries + 1 < TRIES else None
        Notification.objects.filter(pk=row.pk, mailed_at=at).update(mailed_at=None, mail_after=again)


def _mail(person: User, rows: list[Notification], server: Any) -> EmailMessage:
    subject = rows[0].title if len(rows) == 1 else f"{len(rows)} things wait for you"
    context = {"person": person, "rows": rows, "home": settings.PUBLIC_URL}
    text = render_to_string("accounts/mail/notifications.txt", context)
    return EmailMessage(f"Whetstone: {subject}"[:200], text, to=[person.email], connection=server)
