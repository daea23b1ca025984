"""Queues as a lead runs them: counted, paused and resumed, and an older protocol's open tasks withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.annotation.models import Queue, Task, TaskState
from apps.annotation.queues import queue_states
from apps.annotation.services.tasks import (
    NothingOpen,
    PauseUnchanged,
    pause_queue,
    resume_queue,
    withdraw_open_tasks,
)
from apps.core.errors import BadInput, NotAllowed
from apps.core.models import Event
from apps.projects.services import add_protocol
from tests.conftest import PROTOCOL, House

pytestmark = pytest.mark.django_db


def replace_protocol(house: House) -> Queue:
    """A newer protocol comes into force; the queue of the older one is handed back."""
    older = house.queue
    add_protocol(
        project=house.project, body={**PROTOCOL, "suggestion": "hidden"}, by=house.lena, at=house.clock
    )
    return older


def act(client: Client, house: House, queue: Queue, verb: str, **fields: str) -> Any:
    client.force_login(house.lena)
    return client.post(f"/p/digits/mining/queues/{queue.pk}/{verb}/", fields, follow=True)


def test_each_queue_tells_what_is_open_held_disputed_and_closed_without_gold(house: House) -> None:
    for key in "abcd":
        house.task(key, overlap=2)
    house.task("gilded", reason="gold", overlap=1000)
    house.submit(house.erin, "3")
    house.submit(house.emil, "5")
    house.submit(house.erin, "3")
    house.submit(house.emil, "3")
    house.lease(house.ella)

    (one,) = queue_states(project=house.project)

    assert (one.open, one.held, one.disputed, one.closed, one.in_force) == (2, 1, 1, 1, True)


def test_a_lead_pauses_and_resumes_a_queue_from_the_mining_page(client: Client, house: House) -> None:
    house.task("a")

    html = act(client, house, house.queue, "pause").content.decode()

    assert "serves nothing more until it is resumed" in html
    assert "Resume Protocol 1" in html
    assert house.lease(house.erin) is None
    assert "Pause Protocol 1" in act(client, house, house.queue, "resume").content.decode()
    assert house.lease(house.erin) is not None


def test_an_expert_does_not_see_the_queues(client: Client, house: House) -> None:
    house.task("a")
    client.force_login(house.erin)

    assert "queues-title" not in client.get("/p/digits/mining/").content.decode()


def test_pausing_what_is_paused_is_said_and_not_noted_twice(house: House) -> None:
    pause_queue(queue=house.queue, by=house.lena, at=house.clock)

    with pytest.raises(PauseUnchanged, match="paused already"):
        pause_queue(queue=house.queue, by=house.luis, at=house.clock)
    resume_queue(queue=house.queue, by=house.lena, at=house.clock)
    with pytest.raises(PauseUnchanged, match="not paused"):
        resume_queue(queue=house.queue, by=house.luis, at=house.clock)

    assert Event.objects.filter(kind__startswith="queue.").count() == 2


def test_what_an_older_protocol_left_open_is_withdrawn_for_a_reason(client: Client, house: House) -> None:
    house.task("answered", overlap=1)
    house.submit(house.erin)
    house.task("open")
    house.task("gilded", reason="gold", overlap=1000)
    older = replace_protocol(house)
    house.task("new")
    client.force_login(house.lena)
    offer = client.get("/p/digits/mining/").content.decode()

    html = act(client, house, older, "withdraw", why="the questions have changed").content.decode()

    assert offer.count("no longer in force") == 1
    assert "no longer in force" not in html
    assert "2 tasks of Protocol 1 were withdrawn" in html
    states = dict(Task.objects.values_list("example__key", "state"))
    assert states == {
        "answered": TaskState.AGREED, "open": TaskState.WITHDRAWN, "gilded": TaskState.WITHDRAWN,
        "new": TaskState.OPEN,
    }  # fmt: skip
    told = Event.objects.filter(kind="task.withdrawn").values_list("data__why", flat=True)
    assert set(told) == {"the questions have changed"}


def test_withdrawing_asks_for_a_reason_and_for_something_open(house: House) -> None:
    task = house.task("a")

    with pytest.raises(BadInput, match="Say why"):
        withdraw_open_tasks(queue=house.queue, by=house.lena, at=house.clock, why=" ")
    task.refresh_from_db()
    assert task.state == TaskState.OPEN
    withdraw_open_tasks(queue=house.queue, by=house.lena, at=house.clock, why="mined by mistake")
    with pytest.raises(NothingOpen):
        withdraw_open_tasks(queue=house.queue, by=house.lena, at=house.clock, why="again")


@pytest.mark.parametrize("name", ["erin", "ada"])
def test_only_leads_run_queues(house: House, name: str) -> None:
    house.task("a")
    person = house.people[name]
    services: list[Callable[..., Any]] = [pause_queue, resume_queue]

    for service in services:
        with pytest.raises(NotAllowed):
            service(queue=house.queue, by=person, at=house.clock)
    with pytest.raises(NotAllowed):
        withdraw_open_tasks(queue=house.queue, by=person, at=house.clock, why="because")
    assert Task.objects.get().state == TaskState.OPEN
