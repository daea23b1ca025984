"""The bell, the list of notifications, and the page on how one is told."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from apps.accounts.models import Notification
from apps.accounts.queries import choices_of, unread_count
from apps.accounts.services.notices import notify

pytestmark = pytest.mark.django_db
PAGE = "/you/notifications/"


@pytest.fixture
def erin(client: Any, person: Any) -> Any:
    somebody = person("erin")
    client.force_login(somebody)
    return somebody


def tell(person: Any, at: datetime, *, about: str = "thing:1", title: str = "A sentence.") -> Notification:
    notify(people=[person.pk], kind="gate", project_id=None, about=about, title=title, url="/", at=at)
    return Notification.objects.latest("number")


def html(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]


def test_the_bell_says_how_many_are_unread(client: Any, erin: Any, at: datetime) -> None:
    assert "Notifications: none unread" in html(client.get("/"))
    tell(erin, at)
    assert "Notifications: 1 unread" in html(client.get("/"))
    assert html(client.get(f"{PAGE}bell/", headers={"HX-Request": "true"})).strip().startswith("<a")


def test_parts_of_pages_do_not_count(client: Any, erin: Any, django_assert_num_queries: Any) -> None:
    client.get("/you/tokens/")
    with django_assert_num_queries(4):  # session, person, tokens in use, tokens ended
        client.get("/you/tokens/", headers={"HX-Request": "true"})


def test_looking_at_the_list_reads_nothing(client: Any, erin: Any, at: datetime) -> None:
    tell(erin, at, title="Model 3 waits.")
    assert "Model 3 waits." in html(client.get(PAGE))
    assert unread_count(person=erin) == 1


def test_opening_one_marks_it_read_and_leads_there(client: Any, erin: Any, at: datetime) -> None:
    row = tell(erin, at)
    assert client.get(f"{PAGE}{row.pk}/open/").status_code == 405
    assert client.post(f"{PAGE}{row.pk}/open/").url == "/"
    assert unread_count(person=erin) == 0


def test_marking_one_read_brings_the_list_back_and_has_the_bell_counted(
    client: Any, erin: Any, at: datetime
) -> None:
    row = tell(erin, at)
    answer = client.post(f"{PAGE}{row.pk}/read/", headers={"HX-Request": "true"})
    assert html(answer).strip().startswith('<div id="notifications"')
    assert "Mark as read:" not in html(answer)
    assert answer["HX-Trigger"] == "bell"


def test_all_are_marked_read_but_not_what_came_since(client: Any, erin: Any, at: datetime) -> None:
    shown = tell(erin, at)
    tell(erin, at, about="thing:2", title="Since then.")
    answer = client.post(f"{PAGE}read-all/", {"until": shown.number, "unread": "1"})
    assert "Since then." in html(answer)
    assert unread_count(person=erin) == 1


def test_the_unread_ones_can_be_seen_alone(client: Any, erin: Any, at: datetime) -> None:
    client.post(f"{PAGE}{tell(erin, at, title='Old news.').pk}/read/")
    assert "Old news." not in html(client.get(f"{PAGE}?unread"))
    assert "All read" in html(client.get(f"{PAGE}?unread"))
    assert "Old news." in html(client.get(PAGE))


def test_older_ones_are_a_page_further(client: Any, erin: Any, at: datetime) -> None:
    for number in range(31):
        tell(erin, at, about=f"thing:{number}", title=f"Number {number}.")
    first = html(client.get(PAGE))
    assert "Number 1." in first
    assert "Number 0." not in first
    older = re.search(r'href="\?(before=\d+)" rel="next"', first)
    assert older
    assert "Number 0." in html(client.get(f"{PAGE}?{older[1]}"))


def test_a_place_that_is_none_is_refused(client: Any, erin: Any) -> None:
    for place in ("²", "-1", "x", "9" * 19, "9" * 5_000):
        assert client.get(PAGE, {"before": place}).status_code == 422
        assert client.post(f"{PAGE}read-all/", {"until": place}).status_code == 422


def test_the_notification_of_another_is_not_there(client: Any, erin: Any, person: Any, at: datetime) -> None:
    row = tell(person("emil"), at, title="For Emil alone.")
    assert "For Emil alone." not in html(client.get(PAGE))
    for verb in ("read", "open"):
        assert client.post(f"{PAGE}{row.pk}/{verb}/").status_code == 404


def test_choices_are_kept_and_shown(client: Any, erin: Any) -> None:
    form = {f"{kind}.mail": "never" for kind in choices_of(person=erin)}
    answer = client.post(f"{PAGE}settings/save/", {**form, "gate.mail": "daily", "tasks.in_app": "on"})
    assert answer.url == f"{PAGE}settings/"
    choices = choices_of(person=erin)
    assert (choices["gate"].in_app, choices["gate"].mail) == (False, "daily")
    assert (choices["tasks"].in_app, choices["tasks"].mail) == (True, "never")
    shown = html(client.get(f"{PAGE}settings/"))
    assert re.search(r'name="tasks.in_app"[^>]* checked', shown)
    assert not re.search(r'name="gate.in_app"[^>]* checked', shown)


def test_a_choice_that_is_none_is_refused_in_words(client: Any, erin: Any) -> None:
    form = {f"{kind}.mail": "never" for kind in choices_of(person=erin)}
    answer = client.post(f"{PAGE}settings/save/", {**form, "gate.mail": "hourly"})
    assert answer.status_code == 422
    assert "hourly is not one of the available choices" in html(answer)


def test_without_a_mail_server_the_page_says_that_none_is_sent(client: Any, erin: Any, settings: Any) -> None:
    assert "No mails are sent" not in html(client.get(f"{PAGE}settings/"))
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert "No mails are sent" in html(client.get(f"{PAGE}settings/"))
