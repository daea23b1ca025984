"""Mining runs: started, followed, and what each has brought."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.core.runs import beat, claim
from apps.mining.charts import figures_of
from apps.mining.models import LatestScore, MiningRun
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


def test_without_a_model_nothing_can_be_chosen_by_what_one_says(client: Client, turn: Turn) -> None:
    client.force_login(turn.house.lena)
    answer = client.post("/api/v1/projects/digits/mining-runs/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_to_mine")


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

    margins, log_odds = run.spreads["margin"], run.spreads["log_odds"]

    scores = LatestScore.objects.filter(prediction_set=run.prediction_set)
    assert sum(n for *_, n in margins) == run.frame == scores.count()
    assert sum(n for *_, n in log_odds) == scores.filter(log_odds__isnull=False).count()
    assert (margins[0][0], margins[-1][1]) == (0, 1)
    assert log_odds[-1][2] > 0, "the greatest lies on the last edge and is counted"


def test_what_a_run_saw_does_not_change_when_a_later_one_replaces_its_scores(turn: Turn) -> None:
    run = turn.mined()
    before = [(figure.title, figure.rows) for figure in figures_of(run)]

    LatestScore.objects.all().delete()

    assert len(before) == 2
    assert [(figure.title, figure.rows) for figure in figures_of(MiningRun.objects.get())] == before


def test_given_labels_are_found_wrong_only_among_those_that_had_one(client: Client, turn: Turn) -> None:
    run = turn.answered()

    html = read(client, turn, f"{run.pk}/")

    assert "none had been given a label" in html, "the smallest margins are drawn from examples without one"
    assert '0 <span class="faint">of 0' not in html
