"""The pages of webhooks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.exchange.models import Delivery, Webhook
from apps.exchange.services.webhooks import make_webhook
from tests.conftest import House

pytestmark = pytest.mark.django_db

PAGE = "/p/digits/webhooks/"
FORM = {"url": "https://hooks.example/in", "events": ["alias.moved", "task.completed"]}


@pytest.fixture
def lena(client: Client, house: House) -> Client:
    client.force_login(house.lena)
    return client


@pytest.fixture
def webhook(house: House) -> Webhook:
    return make_webhook(project=house.project, by=house.lena, at=house.clock, **FORM)[0]  # type: ignore[arg-type]


def html(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


def dead(webhook: Webhook, n: int = 1) -> list[Delivery]:
    at = webhook.created_at
    said = {"status": 500, "answer": "<b>out of order</b>", "milliseconds": 7, "tries": 11}
    values = {
        "event": "alias.moved",
        "body": '{"n": 1}',
        "created_at": at,
        "died_at": at,
        "tried_at": at,
        **said,
    }
    return Delivery.objects.bulk_create(Delivery(webhook=webhook, **values) for _ in range(n))


def test_without_any_the_page_says_what_they_are_for(lena: Client, house: House) -> None:
    assert "Nobody is told yet" in html(lena.get(PAGE))


def test_making_one_shows_its_secret_this_once(lena: Client, house: House) -> None:
    answer = lena.post(f"{PAGE}make/", FORM)
    found = re.search(r'id="secret" value="(whsec_[\w+/=]+)"', html(answer))
    assert found
    assert "no-store" in answer.headers["Cache-Control"]
    webhook = Webhook.objects.get()
    assert found[1] not in html(lena.get(f"{PAGE}{webhook.pk}/"))
    assert FORM["url"] in html(lena.get(PAGE))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({**FORM, "url": "http://192.168.0.9/"}, "is an address within this network"),
        ({**FORM, "url": "gopher://hooks.example/"}, "begins with https:// or http://"),
        ({**FORM, "events": []}, "Choose at least one event"),
    ],
)
def test_what_is_not_right_stands_beside_its_field_and_the_form_is_kept(
    lena: Client, house: House, webhook: Webhook, form: dict[str, Any], words: str
) -> None:
    for address in ("make/", f"{webhook.pk}/change/"):
        shown = html(lena.post(f"{PAGE}{address}", form), 422)
        assert words in shown
        assert form["url"] in shown


def test_a_new_secret_is_shown_once_and_says_how_long_the_old_one_signs(
    lena: Client, webhook: Webhook
) -> None:
    shown = html(lena.post(f"{PAGE}{webhook.pk}/rotate/"))
    assert "whsec_" in shown
    assert "the secret before signs, too, until" in html(lena.get(f"{PAGE}{webhook.pk}/"))


def test_a_test_is_queued_and_the_log_looks_again_until_it_is_over(lena: Client, webhook: Webhook) -> None:
    shown = html(lena.post(f"{PAGE}{webhook.pk}/test/", follow=True))
    assert "webhook.test" in shown
    assert 'hx-trigger="every 2s"' in shown
    Delivery.objects.update(next_try_at=None, delivered_at=webhook.created_at)
    part = html(lena.get(f"{PAGE}{webhook.pk}/", headers={"HX-Request": "true"}))
    assert part.strip().startswith('<section class="section" id="log"')
    assert "hx-trigger" not in part


def test_one_that_waits_for_hours_is_not_looked_at_every_second(lena: Client, webhook: Webhook) -> None:
    lena.post(f"{PAGE}{webhook.pk}/test/")
    from django.utils import timezone

    Delivery.objects.update(next_try_at=timezone.now() + timedelta(hours=2), tries=5)
    assert "hx-trigger" not in html(lena.get(f"{PAGE}{webhook.pk}/", headers={"HX-Request": "true"}))


def test_the_log_shows_the_answer_as_text_and_pages_within_a_state(lena: Client, webhook: Webhook) -> None:
    dead(webhook, 31)
    shown = html(lena.get(f"{PAGE}{webhook.pk}/?state=dead"))
    assert "&lt;b&gt;out of order" in shown
    older = re.search(r'href="([^"]*)" rel="next"', shown)
    assert older
    assert "state=dead" in older[1]
    assert html(lena.get(older[1].replace("&amp;", "&"))).count("Send alias.moved") == 1
    assert "No delivery of the last thirty days" in html(lena.get(f"{PAGE}{webhook.pk}/?state=delivered"))


def test_dead_letters_are_sent_again_by_a_button(lena: Client, webhook: Webhook) -> None:
    one, *_ = dead(webhook, 3)
    lena.post(f"{PAGE}{webhook.pk}/deliveries/{one.pk}/replay/")
    assert Delivery.objects.filter(next_try_at__isnull=False).count() == 1
    assert "Send all 2 dead letters again" in html(lena.get(f"{PAGE}{webhook.pk}/"))
    lena.post(f"{PAGE}{webhook.pk}/replay/")
    assert Delivery.objects.filter(next_try_at__isnull=False).count() == 3


def test_one_that_switched_itself_off_says_why_and_what_to_do(lena: Client, webhook: Webhook) -> None:
    Webhook.objects.update(state="off", off_why="It answered 410 Gone, which asks for no more.")
    shown = html(lena.get(f"{PAGE}{webhook.pk}/"))
    assert "410 Gone" in shown
    assert "Switch on" in shown
    assert "/test/" not in shown
    lena.post(f"{PAGE}{webhook.pk}/on/")
    assert Webhook.objects.get().state == "on"


def test_one_that_fails_is_marked_in_the_list(lena: Client, webhook: Webhook) -> None:
    Webhook.objects.update(failing_since=webhook.created_at)
    assert "failing" in html(lena.get(PAGE))
    assert "Nothing comes through" in html(lena.get(f"{PAGE}{webhook.pk}/"))


def test_switching_off_changing_and_deleting(lena: Client, webhook: Webhook) -> None:
    lena.post(f"{PAGE}{webhook.pk}/change/", {**FORM, "events": ["task.completed"]})
    assert Webhook.objects.get().events == ["task.completed"]
    lena.post(f"{PAGE}{webhook.pk}/off/")
    assert Webhook.objects.get().state == "off"
    assert lena.post(f"{PAGE}{webhook.pk}/delete/").url == PAGE
    assert not Webhook.objects.exists()


def test_a_dead_letter_of_another_webhook_is_not_found(lena: Client, house: House, webhook: Webhook) -> None:
    other, _ = make_webhook(project=house.project, by=house.lena, at=house.clock, **FORM)  # type: ignore[arg-type]
    (row,) = dead(other)
    assert lena.post(f"{PAGE}{webhook.pk}/deliveries/{row.pk}/replay/").status_code == 404
