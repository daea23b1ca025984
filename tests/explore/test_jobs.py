"""Jobs of every kind with what can be done about them, and the readings of health."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.events import seal_events
from apps.core.models import Run
from apps.core.runs import beat, claim, fail
from apps.exchange.models import ImportRun
from apps.exchange.services.imports import start_import
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(house: House) -> ImportRun:
    return start_import(
        project=house.project, by=house.lena, at=house.clock, chunks=[b"{}"], format="ndjson", name="a.ndjson"
    )


def failed(run: ImportRun, house: House) -> None:
    fail(
        claim(ImportRun, run.pk, at=house.clock),
        error="The disk is full. Free some.",
        at=house.later(seconds=1),
    )


def act(client: Client, house: House, name: str, verb: str, run: Run, kind: str = "importrun") -> int:
    client.force_login(house.people[name])
    return client.post(reverse(f"explore:{verb}_job", args=["digits", kind, run.pk])).status_code


def test_a_running_job_shows_how_far_it_is_and_how_long_it_takes(
    client: Client, house: House, run: ImportRun
) -> None:
    held = claim(ImportRun, run.pk, at=house.clock)
    beat(held, at=house.later(seconds=10), done=25, total=100)
    client.force_login(house.erin)

    html = client.get(reverse("explore:jobs", args=["digits"])).content.decode()

    assert 'value="25" max="100"' in html
    assert "every 2s" in html, "a running job is followed closely"


def test_a_failed_job_says_why_and_leads_may_retry_it(client: Client, house: House, run: ImportRun) -> None:
    failed(run, house)
    client.force_login(house.lena)

    html = client.get(reverse("explore:jobs", args=["digits"])).content.decode()

    assert "The disk is full. Free some." in html
    assert act(client, house, "lena", "retry", run) == 302
    run.refresh_from_db()
    assert run.state == "queued"


def test_a_waiting_job_is_cancelled_at_once(client: Client, house: House, run: ImportRun) -> None:
    assert act(client, house, "ada", "cancel", run) == 302

    run.refresh_from_db()
    assert run.state == "cancelled"


def test_experts_may_look_but_not_act(client: Client, house: House, run: ImportRun) -> None:
    assert act(client, house, "erin", "cancel", run) == 403
    run.refresh_from_db()
    assert run.state == "queued"
    client.force_login(house.erin)
    html = client.get(reverse("explore:jobs", args=["digits"])).content.decode()
    assert f"Import {run.pk}" in html
    assert "Cancel" not in html


def test_cancelling_a_job_that_is_over_says_so(client: Client, house: House, run: ImportRun) -> None:
    failed(run, house)

    assert act(client, house, "lena", "cancel", run) == 409


def test_a_job_of_an_unknown_kind_or_of_another_project_is_not_found(
    client: Client, house: House, run: ImportRun
) -> None:
    assert act(client, house, "lena", "cancel", run, kind="user") == 404
    assert act(client, house, "lena", "cancel", run, kind="miningrun") == 404


def test_health_tells_what_is_down_and_the_mend(client: Client, house: House, settings: object) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:9/0"  # type: ignore[attr-defined]  # nothing listens there
    seal_events(everything=True)
    client.force_login(house.erin)

    html = client.get(reverse("explore:health", args=["digits"])).content.decode()

    assert "PostgreSQL" in html
    assert "Start Whetstone" in html
    assert "Store</strong> writable" in html
    assert "events that wait for their seal: 0" in html


def test_health_counts_events_that_wait_for_the_sealer(client: Client, house: House) -> None:
    client.force_login(house.erin)

    html = client.get(reverse("explore:health", args=["digits"])).content.decode()

    assert "events unsealed for more than a minute: " in html


def test_a_job_is_named_after_what_it_made_and_leads_there(client: Client, house: House) -> None:
    turn = Turn(house)
    dataset = turn.dataset()
    client.force_login(house.erin)

    html = client.get(reverse("explore:jobs", args=["digits"])).content.decode()

    number = dataset.number
    assert f'<a href="/p/digits/datasets/{number}/">Dataset v{number}</a>' in html
    assert "A general worker" in html
    assert "lane" not in html
