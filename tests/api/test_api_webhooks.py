"""Webhooks over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from apps.core.events import seal_events
from apps.exchange.models import Delivery, Webhook
from apps.exchange.services.deliveries import write_deliveries

HOOKS = "projects/digits/webhooks/"
BODY = {"url": "https://hooks.example/in", "events": ["task.completed"]}


@pytest.fixture
def lena(house: Any, call: Any) -> Any:
    return call(house.lena)


@pytest.fixture
def made(lena: Any) -> Any:
    return lena.post(HOOKS, BODY, status=201)


def test_a_webhook_from_its_making_to_its_end(lena: Any, house: Any, made: Any) -> None:
    number = made["webhook"]["id"]
    assert made["secret"].startswith("whsec_")
    assert (made["webhook"]["state"], made["webhook"]["created_by"]) == ("on", "lena")
    assert "secret" not in str(lena.get(HOOKS)["results"][0]).replace("old_secret_until", "")

    changed = lena.put(f"webhooks/{number}/", {**BODY, "events": ["alias.moved", "task.completed"]})
    assert changed["events"] == ["task.completed", "alias.moved"]
    again = lena.post(f"webhooks/{number}/rotate/")
    assert again["secret"] != made["secret"]
    assert again["webhook"]["old_secret_until"]

    assert lena.post(f"webhooks/{number}/switch-off/")["state"] == "off"
    lena.refused("post", f"webhooks/{number}/test/", status=409, code="switched_off")
    assert lena.post(f"webhooks/{number}/switch-on/")["state"] == "on"
    lena.delete(f"webhooks/{number}/")
    lena.get(f"webhooks/{number}/", status=404)


def test_deliveries_are_listed_by_state_and_dead_ones_sent_again(lena: Any, house: Any, made: Any) -> None:
    number = made["webhook"]["id"]
    test = lena.post(f"webhooks/{number}/test/", status=202)
    assert (test["event"], test["state"], test["tries"]) == ("webhook.test", "waiting", 0)
    house.task("a", overlap=1)
    house.submit(house.erin)
    seal_events()
    write_deliveries(at=house.clock)
    rows = lena.get(f"webhooks/{number}/deliveries/")["results"]
    assert [row["event"] for row in rows] == ["task.completed", "webhook.test"]
    assert '"example":"a"' in rows[0]["body"]

    Delivery.objects.update(next_try_at=None, died_at=house.clock)
    assert len(lena.get(f"webhooks/{number}/deliveries/", state="dead")["results"]) == 2
    assert lena.post(f"webhook-deliveries/{rows[0]['id']}/replay/", status=202) == {"deliveries": 1}
    lena.refused("post", f"webhook-deliveries/{rows[0]['id']}/replay/", status=404, code="not_found")
    assert lena.post(f"webhooks/{number}/replay/", status=202) == {"deliveries": 1}
    assert lena.get(f"webhooks/{number}/deliveries/", state="dead")["results"] == []
    lena.get(f"webhooks/{number}/deliveries/", state="asleep", status=422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**BODY, "url": "http://127.0.0.1/"}, "url"),
        ({**BODY, "url": "https://a:b@hooks.example/"}, "url"),
        ({**BODY, "events": ["task.begun"]}, "events"),
        ({**BODY, "events": []}, "events"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_field(lena: Any, body: Any, field: str) -> None:
    assert lena.refused("post", HOOKS, body, status=422, code="bad_input")["field"] == field
    assert not Webhook.objects.exists()


def test_experts_and_strangers_learn_nothing(lena: Any, house: Any, call: Any, made: Any) -> None:
    number = made["webhook"]["id"]
    for name, status in (("erin", 403), ("sam", 404)):
        person = call(house.people[name])
        for path in (HOOKS, f"webhooks/{number}/", f"webhooks/{number}/deliveries/"):
            person.get(path, status=status)
        for verb in ("rotate", "switch-off", "switch-on", "test", "replay"):
            person.post(f"webhooks/{number}/{verb}/", status=status)
