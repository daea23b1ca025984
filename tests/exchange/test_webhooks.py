"""Webhooks: what they are told, how often it is tried, and what people do with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from apps.accounts.models import Notification
from apps.core.errors import BadInput, IllegalMove, NotAllowed, NotFound
from apps.core.events import record_event, seal_events
from apps.core.models import Event
from apps.exchange.domain.webhooks import MOST_TRIES, MOST_WEBHOOKS, TOPICS, secret_of, wait_after
from apps.exchange.models import Delivery, Webhook, WebhookState
from apps.exchange.queries.webhooks import deliveries_of
from apps.exchange.services import deliveries as post_office
from apps.exchange.services.deliveries import Answer, DeliveryLost, record_answer, take_due, write_deliveries
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
from tests.conftest import House
from tests.exchange.receiver import Receiver, receiving
from tests.turn import Turn
from workers.jobs import webhooks as job

pytestmark = pytest.mark.django_db

URL = "https://hooks.example/in"
GOOD, BAD, GONE = Answer(200, "thanks", 5), Answer(500, "oh", 5), Answer(410, "", 5)


@dataclass
class Post:
    """The house with one webhook that is told of everything; what it is told is written when a test says so."""

    house: House
    webhook: Webhook
    secret: str

    def told(self) -> list[dict[str, Any]]:
        """The bodies of all its deliveries, oldest first, after the chain was sealed and read."""
        seal_events()
        write_deliveries(at=self.house.clock)
        return [json.loads(row.body) for row in deliveries_of(webhook=self.webhook).order_by("pk")]

    def one(self) -> Delivery:
        """A delivery that waits."""
        return Delivery.objects.create(
            webhook=self.webhook,
            event="x",
            body="{}",
            created_at=self.house.clock,
            next_try_at=self.house.clock,
        )

    def tried(self, answer: Answer, *, at: datetime | None = None) -> Delivery:
        """The delivery that is due, after one try that came to this."""
        at = at or self.house.clock
        (due,) = take_due(at=at, most=1)
        record_answer(delivery=due, answer=answer, at=at, rng=Random(1))
        due.refresh_from_db()
        return due

    def now(self) -> Webhook:
        self.webhook.refresh_from_db()
        return self.webhook


@pytest.fixture
def post(house: House) -> Post:
    values = {"project": house.project, "by": house.lena, "at": house.clock}
    webhook, secret = make_webhook(url=URL, events=list(TOPICS), **values)
    return Post(house, webhook, secret)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with receiving() as found:
        yield found


# what is told


def test_a_turn_of_the_loop_is_told_in_its_order(post: Post) -> None:
    gate = Turn(post.house).gate()
    from apps.training.services.gates import promote

    promote(gate_id=gate.pk, project=post.house.project, by=post.house.luis, at=post.house.clock)
    bodies = post.told()
    types = [body["type"] for body in bodies]
    assert set(types) == set(TOPICS) - {"task.completed"}, "nobody has answered one"
    assert types.index("dataset_version.created") < types.index("curriculum_version.approved")
    assert types.index("curriculum_version.approved") < types.index("training_run.finished")
    assert types.index("training_run.finished") < types.index("alias.moved")
    numbers = [body["data"]["number"] for body in bodies]
    assert numbers == sorted(set(numbers))


def test_messages_hold_numbers_digests_and_addresses_but_no_content_answers_or_names(post: Post) -> None:
    post.house.task("a", overlap=1)
    post.house.submit(post.house.erin, "8")
    turn = Turn(post.house)
    gate = turn.gate()
    text = "".join(map(json.dumps, bodies := post.told()))
    for secret in ("the text of", '"8"', "erin", "lena", "Digits", "margin", "because"):
        assert secret not in text
    first = {body["type"]: body["data"] for body in reversed(bodies)}
    task = first["task.completed"]
    assert (task["project"], task["example"], task["state"]) == ("digits", "a", "agreed")
    assert task["url"] == "http://127.0.0.1:8000/p/digits/data/a/"
    run = first["training_run.finished"]
    assert (run["state"], run["model"], run["model_digest"]) == (
        "done",
        gate.candidate.number,
        gate.candidate.digest,
    )
    curriculum = first["curriculum_version.approved"]
    assert curriculum["digest"] == run["curriculum_digest"]
    assert curriculum["api_url"].endswith(f"/api/v1/projects/digits/curricula/{curriculum['digest']}/")


def test_a_gold_task_is_not_known_by_its_message(post: Post) -> None:
    task = post.house.task("g", reason="gold", overlap=1)
    record_event(kind="task.agreed", row=task, at=post.house.clock)
    assert post.told() == []


def test_only_its_project_and_its_events_are_told_and_only_from_its_making_on(post: Post) -> None:
    house = post.house
    house.task("a", overlap=1)
    house.submit(house.erin)
    seal_events()
    values = {"by": house.lena, "at": house.clock}
    narrow, _ = make_webhook(project=house.project, url=URL, events=["alias.moved"], **values)
    late, _ = make_webhook(project=house.project, url=URL, events=list(TOPICS), **values)
    house.task("b", overlap=1)
    house.submit(house.erin)
    assert [body["data"]["example"] for body in post.told()] == ["a", "b"]
    assert not narrow.deliveries.exists()
    assert [json.loads(row.body)["data"]["example"] for row in late.deliveries.all()] == ["b"]


def test_every_event_is_told_once_however_often_and_in_whatever_stretches_the_chain_is_read(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_office, "LOOKED_AT_ONCE", 3)
    for place in range(8):
        post.house.task(f"k{place}", overlap=1)
        post.house.submit(post.house.erin)
        post.told()
    bodies = post.told()
    assert [body["data"]["example"] for body in bodies] == [f"k{place}" for place in range(8)]


def test_what_a_transaction_took_back_is_told_to_nobody(post: Post) -> None:
    from django.db import transaction

    post.house.task("a", overlap=1)
    with transaction.atomic():
        post.house.submit(post.house.erin)
        transaction.set_rollback(True)
    assert post.told() == []


def test_what_is_gone_when_it_is_read_is_passed_over(post: Post) -> None:
    task = post.house.task("a")
    record_event(kind="task.agreed", row=task, at=post.house.clock)
    task.delete()
    assert post.told() == []
    assert post.now().position == Event.objects.count()


# tries


def test_waits_grow_to_six_hours_and_take_about_a_day_in_all() -> None:
    waits = [wait_after(tries, rng=Random(tries)) for tries in range(1, MOST_TRIES)]
    assert all(wait is not None for wait in waits)
    assert wait_after(MOST_TRIES, rng=Random(1)) is None
    total = sum((wait for wait in waits if wait), timedelta())
    assert timedelta(hours=18) < total < timedelta(hours=32)
    assert len({wait_after(3, rng=Random(seed)) for seed in range(9)}) == 9, "not all at the same moment"


def test_a_delivery_that_arrives_is_done(post: Post) -> None:
    post.one()
    row = post.tried(GOOD)
    assert (row.state, row.status, row.answer, row.tries) == ("delivered", 200, "thanks", 1)
    assert take_due(at=post.house.later(days=2), most=9) == []


def test_one_that_fails_is_tried_again_later_and_is_dead_after_the_last_try(post: Post) -> None:
    post.one()
    at = post.house.clock
    for tries in range(1, MOST_TRIES + 1):
        row = post.tried(BAD, at=at)
        assert row.tries == tries
        if row.next_try_at:
            assert take_due(at=row.next_try_at - timedelta(seconds=1), most=9) == []
            at = row.next_try_at
    assert row.state == "dead"
    assert at - post.house.clock > timedelta(hours=18)


def test_a_sender_that_died_leaves_it_due_again(post: Post) -> None:
    post.one()
    assert len(take_due(at=post.house.clock, most=9)) == 1
    assert take_due(at=post.house.clock, most=9) == []
    assert len(take_due(at=post.house.later(seconds=61), most=9)) == 1


def test_of_two_senders_only_the_one_that_holds_it_writes(post: Post) -> None:
    post.one()
    (slow,) = take_due(at=post.house.clock, most=9)
    (quick,) = take_due(at=post.house.later(seconds=61), most=9)
    record_answer(delivery=quick, answer=GOOD, at=post.house.clock, rng=Random(1))
    with pytest.raises(DeliveryLost):
        record_answer(delivery=slow, answer=BAD, at=post.house.clock, rng=Random(1))
    assert Delivery.objects.get().state == "delivered"


def test_a_failing_address_takes_one_place_at_a_time(post: Post) -> None:
    for _ in range(12):
        post.one()
    assert len(take_due(at=post.house.clock, most=32)) == 8
    Webhook.objects.update(failing_since=post.house.clock)
    assert len(take_due(at=post.house.clock, most=32)) == 1


def test_one_that_fails_for_days_is_switched_off_and_leads_are_told(post: Post) -> None:
    post.one()
    post.tried(BAD)
    assert post.now().failing_since == post.house.clock
    post.one()
    at = post.house.later(days=3, minutes=1)
    post.tried(BAD, at=at)
    webhook = post.now()
    assert webhook.state == WebhookState.OFF
    assert "Nothing has come through since 2 November" in webhook.off_why
    assert {row.state for row in webhook.deliveries.all()} == {"dead"}
    told = Notification.objects.filter(kind="webhook")
    assert {row.person.username for row in told} == {"ada", "lena", "luis"}
    assert told[0].url == f"/p/digits/webhooks/{webhook.pk}/"
    assert Event.objects.filter(kind="webhook.off").get().actor is None
    switch_on(webhook=webhook, by=post.house.lena, at=at)
    assert not Notification.objects.filter(kind="webhook", read_at=None).exists()


def test_one_success_lets_the_days_begin_anew(post: Post) -> None:
    post.one()
    post.tried(BAD)
    post.tried(GOOD, at=post.house.later(days=2))
    assert post.now().failing_since is None
    post.one()
    post.tried(BAD, at=post.house.later(days=2))
    assert post.now().state == WebhookState.ON


def test_one_that_says_it_is_gone_is_switched_off_at_once(post: Post) -> None:
    post.one()
    post.tried(GONE)
    assert post.now().state == WebhookState.OFF
    assert "410" in post.now().off_why


def test_the_log_is_kept_for_thirty_days(post: Post) -> None:
    post.one()
    post.tried(GOOD)
    waiting = post.one()
    post_office.forget_deliveries(at=post.house.later(days=29))
    assert Delivery.objects.count() == 2
    post_office.forget_deliveries(at=post.house.later(days=2))
    assert Delivery.objects.get() == waiting


# the job


def test_the_job_writes_and_sends_what_a_receiver_verifies(house: House, receiver: Receiver) -> None:
    values = {"project": house.project, "by": house.lena, "at": house.clock}
    webhook, secret = make_webhook(url=receiver.url, events=["task.completed"], **values)
    house.task("a", overlap=1)
    house.submit(house.erin)
    seal_events()
    job.deliver()
    job.deliver()
    ((headers, body),) = receiver.got
    told = Verifier(secret).verify(body, headers)
    assert (told["type"], told["data"]["example"]) == ("task.completed", "a")
    assert webhook.deliveries.get().state == "delivered"
    assert headers["webhook-id"] == webhook.deliveries.get().message_id


def test_a_try_again_has_the_same_id_and_body(house: House, receiver: Receiver) -> None:
    values = {"project": house.project, "by": house.lena, "at": house.clock}
    webhook, _ = make_webhook(url=receiver.url, events=["task.completed"], **values)
    send_test(webhook=webhook, by=house.lena, at=house.clock)
    receiver.status = 503
    job.deliver()
    Delivery.objects.update(next_try_at=house.clock)
    receiver.status = 204
    job.deliver()
    (first, first_body), (second, second_body) = receiver.got
    assert first["webhook-id"] == second["webhook-id"]
    assert first_body == second_body
    assert webhook.deliveries.get().state == "delivered"


def test_after_a_rotation_both_secrets_verify_for_a_day(house: House, receiver: Receiver) -> None:
    from django.utils import timezone

    now = timezone.now()
    values = {"by": house.lena, "at": now}
    webhook, old = make_webhook(project=house.project, url=receiver.url, events=["alias.moved"], **values)
    _, new = rotate_secret(webhook=webhook, **values)
    send_test(webhook=webhook, **values)
    job.deliver()
    Webhook.objects.update(old_salt_until=now - timedelta(seconds=1))
    send_test(webhook=webhook, **values)
    job.deliver()
    (during, body), (after, later) = receiver.got
    Verifier(old).verify(body, during)
    Verifier(new).verify(body, during)
    Verifier(new).verify(later, after)
    assert len(after["webhook-signature"].split()) == 1
    assert old != new


# people


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
