"""Notifications by mail: at once or in the digest, never twice, tried again where the server refused."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from apps.accounts.models import Notification, User
from apps.accounts.queries import Choice
from apps.accounts.services.mail import TRIES, send_notifications
from apps.accounts.services.notices import choose_notifications, notify, read_all_notifications

pytestmark = pytest.mark.django_db


@pytest.fixture
def erin(person: Any) -> User:
    return person("erin")  # type: ignore[no-any-return]


def tell(
    person: User, kind: str, *, at: datetime, about: str = "thing:1", title: str = "A sentence."
) -> None:
    notify(people=[person.pk], kind=kind, project_id=None, about=about, title=title, url="/p/digits/", at=at)


class Refusing(BaseEmailBackend):
    """A mail server that says no, in the way a test wants it to."""

    error: Exception | None = None
    asked = 0

    def send_messages(self, email_messages: Any) -> int:
        type(self).asked += 1
        if self.error is not None:
            raise self.error
        mail.outbox.extend(email_messages)
        return len(email_messages)


@pytest.fixture
def server(settings: Any, monkeypatch: Any) -> type[Refusing]:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    monkeypatch.setattr(Refusing, "asked", 0)
    monkeypatch.setattr(Refusing, "error", None)
    return Refusing


def test_what_is_mailed_at_once_goes_out_once(erin: User, at: datetime, settings: Any) -> None:
    settings.PUBLIC_URL = "https://whetstone.example"
    tell(erin, "gate", title="The gate says pass.", at=at)

    assert [send_notifications(at=at + timedelta(minutes=m)) for m in (0, 1, 2)] == [1, 0, 0]
    [sent] = mail.outbox
    assert sent.to == ["erin@example.org"]
    assert sent.subject == "Whetstone: The gate says pass."
    assert "https://whetstone.example/p/digits/" in sent.body
    assert "https://whetstone.example/you/notifications/settings/" in sent.body


def test_a_digest_waits_until_seven_and_is_one_mail(erin: User, at: datetime) -> None:
    tell(erin, "tasks", title="4 tasks opened.", at=at)  # at nine in the morning
    tell(erin, "dispute", title="1 task waits.", at=at)

    assert send_notifications(at=at + timedelta(hours=21)) == 0
    assert send_notifications(at=at + timedelta(hours=22)) == 1
    assert mail.outbox[0].subject == "Whetstone: 2 things wait for you"
    assert "4 tasks opened." in mail.outbox[0].body
    assert "1 task waits." in mail.outbox[0].body


def test_a_digest_that_was_missed_goes_out_later(erin: User, at: datetime) -> None:
    tell(erin, "tasks", at=at)
    assert send_notifications(at=at + timedelta(days=3)) == 1


def test_what_was_read_in_the_product_is_not_mailed(erin: User, at: datetime) -> None:
    tell(erin, "gate", at=at)
    read_all_notifications(person=erin, at=at)
    assert send_notifications(at=at) == 0


def test_an_unread_one_that_is_made_new_is_not_mailed_again(erin: User, at: datetime) -> None:
    tell(erin, "gate", at=at)
    send_notifications(at=at)
    tell(erin, "gate", title="Again.", at=at + timedelta(minutes=5))
    assert send_notifications(at=at + timedelta(minutes=5)) == 0


def test_one_that_is_only_mailed_is_mailed_again_when_it_is_made_new(erin: User, at: datetime) -> None:
    choose_notifications(person=erin, choices={"gate": Choice(False, "now")}, at=at)
    for minute in range(2):
        tell(erin, "gate", at=at + timedelta(minutes=minute))
        assert send_notifications(at=at + timedelta(minutes=minute)) == 1


def test_a_choice_holds_for_what_waits_to_be_mailed(erin: User, at: datetime) -> None:
    tell(erin, "tasks", at=at)
    tell(erin, "gate", at=at)
    choose_notifications(
        person=erin, choices={"tasks": Choice(True, "now"), "gate": Choice(True, "never")}, at=at
    )

    assert send_notifications(at=at) == 1
    assert Notification.objects.get(kind="tasks").mailed_at == at
    assert Notification.objects.get(kind="gate").mailed_at is None


@pytest.mark.parametrize("kind", ["console", "dummy"])
def test_without_a_mail_server_nothing_waits_to_be_mailed(
    erin: User, at: datetime, settings: Any, kind: str
) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{kind}.EmailBackend"
    tell(erin, "gate", at=at)
    assert Notification.objects.get().mail_after is None
    assert send_notifications(at=at) == 0


def test_a_mail_the_server_refuses_is_tried_again_ever_later_and_then_given_up(
    erin: User, at: datetime, server: type[Refusing]
) -> None:
    server.error = smtplib.SMTPRecipientsRefused({"erin@example.org": (450, b"try later")})
    tell(erin, "gate", at=at)

    waits = []
    now = at
    for _ in range(TRIES):
        assert send_notifications(at=now) == 0
        again = Notification.objects.get().mail_after
        if again is not None:
            assert send_notifications(at=again - timedelta(seconds=1)) == 0
            waits.append((again - now) / timedelta(minutes=1))
            now = again

    assert waits == [2, 4, 8, 16, 32]
    assert server.asked == TRIES
    assert send_notifications(at=now + timedelta(days=9)) == 0
    assert Notification.objects.get().read_at is None, "it still stands at the bell"


def test_once_the_server_takes_mails_again_it_is_sent(
    erin: User, at: datetime, server: type[Refusing]
) -> None:
    tell(erin, "gate", at=at)
    server.error = smtplib.SMTPDataError(451, b"busy")
    assert send_notifications(at=at) == 0
    server.error = None
    assert send_notifications(at=at + timedelta(minutes=2)) == 1
    assert len(mail.outbox) == 1


def test_a_mail_that_may_have_been_taken_is_not_sent_again(
    erin: User, at: datetime, server: type[Refusing]
) -> None:
    tell(erin, "gate", at=at)
    server.error = smtplib.SMTPServerDisconnected("connection unexpectedly closed")
    assert send_notifications(at=at) == 0
    server.error = None
    assert send_notifications(at=at + timedelta(hours=1)) == 0


def test_while_no_server_answers_nothing_is_claimed(erin: User, at: datetime, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens on it
    tell(erin, "gate", at=at)
    with pytest.raises(OSError, match="refused"):
        send_notifications(at=at)
    assert Notification.objects.get().mailed_at is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_mail(erin: User, at: datetime) -> None:
    tell(erin, "gate", at=at)
    sent: list[int] = []

    def work() -> None:
        sent.append(send_notifications(at=at))
        connection.close()

    together(work, work)

    assert sorted(sent) == [0, 1]
    assert len(mail.outbox) == 1


def together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
