"""What webhooks are told, and how often it is tried."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random

import pytest
from standardwebhooks import Webhook as Verifier

from apps.accounts.models import Notification
from apps.core.events import record_event, seal_events
from apps.core.models import Event
from apps.exchange.domain.webhooks import MOST_TRIES, TOPICS, wait_after
from apps.exchange.models import Delivery, Webhook, WebhookState
from apps.exchange.services import deliveries as post_office
from apps.exchange.services.deliveries import Answer, DeliveryLost, record_answer, take_due
from apps.exchange.services.webhooks import (
    make_webhook,
    rotate_secret,
    send_test,
    switch_on,
)
from tests.conftest import House
from tests.exchange.conftest import URL, Post
from tests.exchange.receiver import Receiver
from tests.turn import Turn
from workers.jobs import webhooks as job

pytestmark = pytest.mark.django_db

GOOD, BAD, GONE = Answer(200, "thanks", 5), Answer(500, "oh", 5), Answer(410, "", 5)


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
