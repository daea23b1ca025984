"""Mining runs: started, followed, and what each has brought."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.core.runs import beat, claim
from apps.mining.models import LatestScore, MiningRun
from apps.mining.queries import spread_of
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db

POLICY = {"audit": "4", "margin": "3", "label_error": "3", "overlap": "2"}


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def read(client: Client, turn: Turn, path: str = "", name: str = "lena") -> str:
    client.force_login(turn.house.people[name])
    return client.get(f"/p/digits/mining/{path}").content.decode()


def test_a_lead_starts_a_run_and_is_taken_to_it(client: Client, turn: Turn) -> None:
    turn.round()
    client.force_login(turn.house.lena)

    answer = client.post("/p/digits/mining/start/", POLICY)

    run = MiningRun.objects.get()
    assert answer["Location"] == f"/p/digits/mining/{run.pk}/"
    assert "Waiting for a worker" in read(client, turn, f"{run.pk}/")


def test_an_audit_sample_of_none_is_refused(client: Client, turn: Turn) -> None:
    turn.round()
    client.force_login(turn.house.lena)
    answer = client.post("/p/digits/mining/start/", {**POLICY, "audit": "0"})
    assert answer.status_code == 422
    assert not MiningRun.objects.exists()


def test_without_predictions_nothing_can_be_mined(client: Client, turn: Turn) -> None:
    client.force_login(turn.house.lena)
    answer = client.post("/p/digits/mining/start/", POLICY)
    assert (answer.status_code, answer["X-Error-Code"]) == (409, "nothing_to_mine")


def test_an_expert_sees_the_runs_and_who_starts_them(client: Client, turn: Turn) -> None:
    turn.mined()
    html = read(client, turn, name="erin")
    assert "A lead starts mining runs" in html
    assert "mining/start/" not in html


def test_the_cost_is_told_from_the_pace_of_the_answers(client: Client, turn: Turn) -> None:
    turn.mined()
    turn.house.submit(turn.house.erin, "3", active_ms=4_000)
    turn.house.submit(turn.house.erin, "3", active_ms=6_000)
    assert 'data-seconds="5.0"' in read(client, turn)


def test_a_running_run_polls_and_shows_how_far_it_is(client: Client, turn: Turn) -> None:
    turn.round()
    client.force_login(turn.house.lena)
    client.post("/p/digits/mining/start/", POLICY)
    run = claim(MiningRun, MiningRun.objects.get().pk, at=turn.house.clock)
    beat(run, at=turn.house.later(seconds=1), done=2, total=3, step="chosen")

    html = read(client, turn, f"{run.pk}/")

    assert 'value="2" max="3"' in html
    assert 'hx-trigger="every 1s"' in html
    assert f"/p/digits/mining/{run.pk}/cancel/" in html
    assert f"/p/digits/mining/{run.pk}/cancel/" not in read(client, turn, f"{run.pk}/", "erin")


def test_a_waiting_run_is_cancelled_and_queued_again(client: Client, turn: Turn) -> None:
    turn.round()
    client.force_login(turn.house.lena)
    client.post("/p/digits/mining/start/", POLICY)
    run = MiningRun.objects.get()
    for verb, state in (("cancel", "cancelled"), ("retry", "queued")):
        client.post(f"/p/digits/mining/{run.pk}/{verb}/")
        run.refresh_from_db()
        assert run.state == state


def test_a_finished_run_tells_its_yield_by_reason(client: Client, turn: Turn) -> None:
    run = turn.answered()
    html = read(client, turn, f"{run.pk}/", "erin")

    assert "Suspected label errors" in html
    assert "hx-trigger" not in html
    assert "This estimate rests on" in html
    assert "gold" not in html.split("yields-title")[1].split("</section>")[0]


def test_the_error_is_not_guessed_before_two_audit_answers(client: Client, turn: Turn) -> None:
    run = turn.mined()
    assert "it takes at least two closed audit tasks" in read(client, turn, f"{run.pk}/")


def test_the_spread_counts_every_score_once_the_greatest_too(turn: Turn) -> None:
    run = turn.mined()
    scores = LatestScore.objects.filter(prediction_set=run.prediction_set)

    margins, log_odds = (
        spread_of(run=run, signal="margin", bins=4),
        spread_of(run=run, signal="log_odds", bins=4),
    )

    assert sum(b.n for b in margins) == scores.count()
    assert sum(b.n for b in log_odds) == scores.filter(log_odds__isnull=False).count()
    assert [(b.low, b.high) for b in margins] == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]
    for b in margins:
        assert b.n == scores.filter(margin__gte=b.low, margin__lt=b.high).count()
    assert log_odds[-1].n > 0, "the greatest lies on the last edge and is counted"


def test_scores_that_a_later_run_replaced_are_not_shown(turn: Turn) -> None:
    run = turn.mined()
    LatestScore.objects.all().delete()
    assert spread_of(run=run, signal="margin") == []
