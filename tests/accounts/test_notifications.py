"""People are told once of what there is for them, in the way they chose."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.domain import KINDS, next_digest
from apps.accounts.models import Notification, User
from apps.accounts.queries import Choice, notifications_of, unread_count
from apps.accounts.services.notices import (
    choose_notifications,
    notify,
    read_all_notifications,
    read_notification,
    reword_notices,
    withdraw_notices,
)
from apps.core.errors import BadInput, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def erin(person: Any) -> User:
    return person("erin")  # type: ignore[no-any-return]


def tell(
    *people: User, title: str = "A sentence.", about: str = "thing:1", at: datetime, **values: Any
) -> None:
    given = {"kind": "mention", "project_id": None, "url": "/p/digits/", **values}
    notify(people=[one.pk for one in people], about=about, title=title, at=at, **given)


def titles(person: User) -> list[str]:
    return [row.title for row in notifications_of(person=person)]


def test_the_same_again_makes_an_unread_one_new_instead_of_a_second(erin: User, at: datetime) -> None:
    tell(erin, title="2 wait.", at=at)
    tell(erin, title="Something else.", about="thing:2", at=at)
    tell(erin, title="3 wait.", at=at + timedelta(minutes=1))

    assert titles(erin) == ["3 wait.", "Something else."]
    assert notifications_of(person=erin)[0].created_at == at + timedelta(minutes=1)


def test_what_was_read_and_happens_again_is_told_again(erin: User, at: datetime) -> None:
    tell(erin, title="2 wait.", at=at)
    read_all_notifications(person=erin, at=at)
    tell(erin, title="1 waits.", at=at)

    assert titles(erin) == ["1 waits.", "2 wait."]
    assert unread_count(person=erin) == 1


def test_who_cannot_sign_in_is_not_told(erin: User, person: Any, at: datetime) -> None:
    gone = person("gone", is_active=False)
    tell(erin, gone, at=at)

    assert (unread_count(person=erin), unread_count(person=gone)) == (1, 0)


def test_one_wants_to_hear_nothing_of_a_kind(erin: User, at: datetime) -> None:
    choose_notifications(person=erin, choices={"mention": Choice(False, "never")}, at=at)
    tell(erin, at=at)
    tell(erin, kind="gate", at=at)

    assert [row.kind for row in Notification.objects.filter(person=erin)] == ["gate"]


def test_one_that_is_only_mailed_is_not_counted_at_the_bell(erin: User, at: datetime) -> None:
    choose_notifications(person=erin, choices={"mention": Choice(False, "now")}, at=at)
    tell(erin, at=at)

    assert Notification.objects.get().mail_after == at
    assert (unread_count(person=erin), titles(erin)) == (0, [])


def test_what_somebody_else_has_done_is_not_unread_any_more(erin: User, person: Any, at: datetime) -> None:
    emil = person("emil")
    tell(erin, emil, at=at)
    tell(erin, about="thing:2", at=at)
    withdraw_notices(kind="mention", about="thing:1", at=at)

    assert (unread_count(person=erin), unread_count(person=emil)) == (1, 0)


def test_fewer_are_said_to_who_has_not_read_it_and_are_no_news_to_others(
    erin: User, person: Any, at: datetime
) -> None:
    emil = person("emil")
    tell(erin, emil, title="2 wait.", at=at)
    read_all_notifications(person=emil, at=at)
    reword_notices(kind="mention", about="thing:1", title="1 waits.")

    assert (titles(erin), titles(emil)) == (["1 waits."], ["2 wait."])
    assert unread_count(person=emil) == 0


def test_nobody_reads_the_notification_of_another(erin: User, person: Any, at: datetime) -> None:
    tell(erin, at=at)
    with pytest.raises(NotFound):
        read_notification(person=person("emil"), notification_id=Notification.objects.get().pk, at=at)
    assert unread_count(person=erin) == 1


def test_all_read_leaves_what_came_after_the_page_was_shown(erin: User, at: datetime) -> None:
    tell(erin, at=at)
    seen = notifications_of(person=erin)[0].number
    tell(erin, about="thing:2", title="Later.", at=at)
    assert read_all_notifications(person=erin, until=seen, at=at) == 1
    assert [row.title for row in notifications_of(person=erin, unread=True)] == ["Later."]


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_a_notification_leads_nowhere_else(erin: User, at: datetime, url: str) -> None:
    with pytest.raises(ValueError, match="lead to"):
        tell(erin, url=url, at=at)


def test_an_unknown_kind_or_mail_is_refused_and_nothing_is_kept(erin: User, at: datetime) -> None:
    for choices in (
        {"gossip": Choice(True, "now")},
        {"gate": Choice(True, "now"), "tasks": Choice(True, "hourly")},
    ):
        with pytest.raises(BadInput):
            choose_notifications(person=erin, choices=choices, at=at)
    assert not erin.notification_choices.exists()


def test_telling_many_people_is_as_few_statements_as_telling_one(person: Any, at: datetime) -> None:
    people = [person(f"p{i}") for i in range(20)]
    with CaptureQueriesContext(
        connection,
    ) as told:
        tell(*people, at=at)
    assert len([one for one in told if "SAVEPOINT" not in one["sql"]]) == 2


def test_the_unread_are_counted_from_an_index(erin: User, person: Any, at: datetime) -> None:
    old = "SELECT n, n, %s, true, now(), 'gate', 'thing:' || n, '', '/', %s, 0 FROM generate_series(%s, %s) AS n"
    names = "id, number, person_id, shown, created_at, kind, about, title, url, read_at, mail_tries"
    with connection.cursor() as cursor:
        for who, read, first in ((erin, at, 1_000_000), (person("emil"), None, 2_000_000)):
            values = [who.pk, read, first, first + 5_000]
            cursor.execute(f"INSERT INTO accounts_notification ({names}) {old}", values)
        cursor.execute("ANALYZE accounts_notification")

    plan = notifications_of(person=erin, unread=True).order_by().explain()

    assert "one_unread_notification" in plan


def test_every_kind_of_the_table_fits_its_column() -> None:
    assert all(len(kind) <= 16 for kind in KINDS)


def test_the_digest_goes_out_at_seven_in_the_servers_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 3, 29, 1, 30, tzinfo=berlin)  # the night in which the clock is put forward
    assert next_digest(night, zone=berlin) == datetime(2026, 3, 29, 7, 0, tzinfo=berlin)
    seven = datetime(2026, 3, 29, 7, 0, tzinfo=berlin)
    assert next_digest(seven, zone=berlin) == datetime(2026, 3, 30, 7, 0, tzinfo=berlin)
