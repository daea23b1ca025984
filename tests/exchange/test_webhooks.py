"""What people do with webhooks."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from apps.core.errors import BadInput, IllegalMove, NotAllowed, NotFound
from apps.core.events import seal_events
from apps.core.models import Event
from apps.exchange.domain.webhooks import MOST_TRIES, MOST_WEBHOOKS, secret_of
from apps.exchange.models import Delivery, Webhook
from apps.exchange.services.deliveries import Answer, DeliveryLost, record_answer, take_due
from apps.exchange.services.webhooks import (
    SwitchedOff,
    change_webhook,
    delete_webhook,
    make_webhook,
    replay,
    rotate_secret,
    send_test,
    switch_off,
    switch_on,
)
from tests.exchange.conftest import URL, Post

pytestmark = pytest.mark.django_db

GOOD = Answer(200, "thanks", 5)


def test_secrets_are_not_kept(post: Post) -> None:
    assert post.secret.startswith("whsec_")
    stored = json.dumps(list(Webhook.objects.values()), default=str)
    events = json.dumps(list(Event.objects.values("data")), default=str)
    assert post.secret not in stored + events
    assert post.secret == secret_of(post.now().salt)


@pytest.mark.parametrize("name", ["erin", "sam"])
def test_experts_and_strangers_may_not(post: Post, name: str) -> None:
    person = post.house.people[name]
    values: dict[str, Any] = {"by": person, "at": post.house.clock}
    for verb in (send_test, rotate_secret, switch_off, switch_on, delete_webhook, replay):
        with pytest.raises((NotAllowed, NotFound)):
            verb(webhook=post.webhook, **values)
    with pytest.raises((NotAllowed, NotFound)):
        change_webhook(webhook=post.webhook, url=URL, events=["alias.moved"], **values)
    with pytest.raises((NotAllowed, NotFound)):
        make_webhook(project=post.house.project, url=URL, events=["alias.moved"], **values)


@pytest.mark.parametrize(
    ("url", "events", "field"),
    [("http://10.0.0.1/", ["alias.moved"], "url"), (URL, [], "events"), (URL, ["alias.flew"], "events")],
)
def test_what_cannot_be_is_refused_naming_the_field(
    post: Post, url: str, events: list[str], field: str
) -> None:
    values: dict[str, Any] = {"by": post.house.lena, "at": post.house.clock, "url": url, "events": events}
    for verb in (
        lambda: make_webhook(project=post.house.project, **values),
        lambda: change_webhook(webhook=post.webhook, **values),
    ):
        with pytest.raises(BadInput) as refused:
            verb()
        assert refused.value.detail["field"] == field


def test_there_are_not_too_many(post: Post) -> None:
    values: dict[str, Any] = {
        "by": post.house.lena,
        "at": post.house.clock,
        "url": URL,
        "events": ["alias.moved"],
    }
    for _ in range(MOST_WEBHOOKS - 1):
        make_webhook(project=post.house.project, **values)
    with pytest.raises(BadInput, match="at most"):
        make_webhook(project=post.house.project, **values)


def test_while_it_is_off_nothing_is_sent_and_what_happens_is_not_told_later(post: Post) -> None:
    values = {"by": post.house.lena, "at": post.house.clock}
    post.one()
    switch_off(webhook=post.webhook, **values)
    assert Delivery.objects.get().state == "dead"
    with pytest.raises(IllegalMove):
        switch_off(webhook=post.webhook, **values)
    with pytest.raises(SwitchedOff):
        send_test(webhook=post.webhook, **values)
    with pytest.raises(SwitchedOff):
        replay(webhook=post.webhook, **values)
    post.house.task("a", overlap=1)
    post.house.submit(post.house.erin)
    seal_events()
    switch_on(webhook=post.webhook, **values)
    assert len(post.told()) == 1, "the one that was there before, and dead"


def test_dead_letters_are_sent_again_one_or_all_with_the_ids_they_had(post: Post) -> None:
    values: dict[str, Any] = {"webhook": post.webhook, "by": post.house.lena, "at": post.house.clock}
    rows = [post.one() for _ in range(3)]
    ids = [row.message_id for row in rows]
    Delivery.objects.update(next_try_at=None, died_at=post.house.clock, tries=MOST_TRIES)
    assert replay(delivery_id=rows[0].pk, **values) == 1
    with pytest.raises(NotFound):
        replay(delivery_id=rows[0].pk, **values)
    assert replay(**values) == 2
    assert replay(**values) == 0
    due = take_due(at=post.house.clock, most=9)
    assert [row.message_id for row in due] == ids
    assert {row.tries for row in due} == {1}


def test_a_deleted_webhook_leaves_its_event_and_nothing_else(post: Post) -> None:
    post.one()
    (due,) = take_due(at=post.house.clock, most=1)
    delete_webhook(webhook=post.webhook, by=post.house.lena, at=post.house.clock)
    assert not Delivery.objects.exists()
    assert Event.objects.filter(kind="webhook.deleted").exists()
    with pytest.raises(DeliveryLost):
        record_answer(delivery=due, answer=GOOD, at=post.house.clock, rng=Random(1))
