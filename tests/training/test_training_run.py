"""A training run followed while it runs, then its gate and the decision on its candidate."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.core.runs import beat, fail
from apps.registry.queries import production
from apps.training.models import Gate, TrainingRun
from apps.training.progress import fit_points, progress_of
from apps.training.services.runs import note_epoch
from apps.training.verdict import quality_of, verdict_of
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db

EPOCH = {
    "phase": "fit",
    "stage": "foundations",
    "loss": 1.5,
    "accuracy": 0.4,
    "mix": {"stages": {"foundations": 12}},
}


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def read(client: Client, turn: Turn, run: Any, name: str = "lena", **headers: str) -> Any:
    client.force_login(turn.house.people[name])
    return client.get(f"/p/digits/runs/{run.pk}/", headers=headers)


def text(client: Client, turn: Turn, run: Any, name: str = "lena") -> str:
    return read(client, turn, run, name).content.decode()


def decide(client: Client, turn: Turn, gate: Gate, verb: str, name: str, **data: str) -> int:
    client.force_login(turn.house.people[name])
    return client.post(f"/p/digits/gates/{gate.pk}/{verb}/", data).status_code


def doubtful(turn: Turn) -> Gate:
    """A candidate far worse than the model in production: the gate fails it."""
    turn.production(right=1.0)
    gate = turn.gate(right=0.5)
    assert gate.verdict == "fail"
    return gate


def test_a_running_run_shows_its_curve_rate_and_time_left(client: Client, turn: Turn) -> None:
    run = turn.running()
    note_epoch(run=run, entry={**EPOCH, "epoch": 1, "done": 1, "total": 10})
    note_epoch(run=run, entry={**EPOCH, "epoch": 2, "done": 2, "total": 10, "loss": 0.9})
    beat(
        run,
        at=turn.house.later(seconds=1),
        phase="fit",
        stage="foundations",
        done=2,
        total=10,
        seconds_left=4,
    )

    html = text(client, turn, run)

    assert "Loss went from 1.50 to 0.90 in 2 epochs" in html
    assert 'value="2" max="10"' in html
    assert "about 4 s left" in html
    assert f"/p/digits/runs/{run.pk}/cancel/" in html


def test_it_looks_less_often_the_longer_it_runs(turn: Turn) -> None:
    run = turn.running()
    looks = [progress_of(run=run, at=turn.house.later(seconds=span)).poll for span in (0, 40, 200)]
    assert looks == [1, 2, 5]


def test_htmx_gets_the_live_part_and_the_log_beside_it(client: Client, turn: Turn) -> None:
    run = turn.running()
    answer = read(client, turn, run, **{"HX-Request": "true"})
    html = answer.content.decode()

    assert html.lstrip().startswith('<div id="live"')
    assert 'hx-swap-oob="true"' in html
    assert "HX-Refresh" not in answer


def test_once_over_the_page_reloads_with_the_verdict(client: Client, turn: Turn) -> None:
    gate = turn.gate()
    run = TrainingRun.objects.get(model=gate.candidate)

    assert read(client, turn, run, **{"HX-Request": "true"})["HX-Refresh"] == "true"
    html = text(client, turn, run)
    assert "Gate on frozen" in html
    assert "hx-trigger" not in html


def test_folds_are_not_part_of_the_curve() -> None:
    points = [
        {"phase": "fit", "stage": "a", "loss": 2.0},
        {"phase": "cross_fit", "stage": "a", "loss": 9.0},
        {"phase": "fit", "stage": "b", "loss": 1.0},
        {"phase": "evaluate", "stage": None, "loss": None},
    ]
    assert [(p["step"], p["stage"], p["loss"]) for p in fit_points(points)] == [(1, "a", 2.0), (2, "b", 1.0)]


def test_a_failed_run_says_why_and_is_queued_again(client: Client, turn: Turn) -> None:
    run = turn.running()
    fail(run, error="It ran out of memory. Give it a smaller batch.", at=turn.house.clock)
    assert "It ran out of memory." in text(client, turn, run)

    client.post(f"/p/digits/runs/{run.pk}/retry/")

    run.refresh_from_db()
    assert run.state == "queued"


def test_a_waiting_run_is_cancelled(client: Client, turn: Turn) -> None:
    run = turn.queued()
    client.force_login(turn.house.ada)
    client.post(f"/p/digits/runs/{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_both_models_are_told_per_group_with_their_intervals(turn: Turn) -> None:
    turn.production(right=0.8)
    found = verdict_of(turn.gate(right=1.0))

    (group,) = found.groups
    assert group.baseline is not None
    assert (group.name, group.n) == ("overall", 60)
    assert group.baseline.estimate == pytest.approx(0.8)
    assert group.baseline.low < 0.8 < group.baseline.high
    assert group.candidate.estimate == 1.0


def test_every_check_lies_on_the_scale_it_is_drawn_on(turn: Turn) -> None:
    turn.production(right=0.8)
    for part in verdict_of(turn.gate(right=0.9)).parts:
        for line in part.lines:
            ends = (line.check["low"], line.check["high"], line.check["threshold"])
            assert all(part.start <= end <= part.end for end in ends), part.title
        assert (part.start, part.end) == (round(part.start, 2), round(part.end, 2)), "its ends can be read"


def test_confusions_and_reliability_count_every_row(turn: Turn) -> None:
    gate = turn.gate(right=0.75)
    quality = quality_of(model=gate.candidate, benchmark=gate.benchmark)

    assert quality.confusion.sum() == quality.n == 60
    assert quality.confusion.diagonal().sum() == 45
    assert quality.reliability.count.sum() == 60
    assert quality.expected_error == pytest.approx(0.05, abs=1e-6), "stated 0.8, right 0.75"


def test_a_lead_promotes_what_passed(client: Client, turn: Turn) -> None:
    gate = turn.gate()
    assert decide(client, turn, gate, "promote", "luis", note="better") == 302
    assert production(project=turn.house.project) == gate.candidate
    assert "“better”" in text(client, turn, gate.candidate.training_run)


def test_an_expert_sees_the_verdict_and_no_buttons(client: Client, turn: Turn) -> None:
    gate = turn.gate()
    html = text(client, turn, gate.candidate.training_run, "erin")
    assert "A lead promotes or rejects this model." in html
    assert f"/gates/{gate.pk}/" not in html
    assert decide(client, turn, gate, "promote", "erin") == 403


def test_rejecting_needs_a_reason(client: Client, turn: Turn) -> None:
    gate = turn.gate()
    assert decide(client, turn, gate, "reject", "luis", reason=" ") == 422
    assert decide(client, turn, gate, "reject", "luis", reason="Not yet.") == 302
    gate.refresh_from_db()
    assert (gate.state, gate.decision_note) == ("rejected", "Not yet.")


def test_what_failed_is_not_promoted_by_one_person(client: Client, turn: Turn) -> None:
    gate = doubtful(turn)
    html = text(client, turn, gate.candidate.training_run)

    assert "cannot be promoted by one person" in html
    assert f"/p/digits/gates/{gate.pk}/promote/" not in html
    assert decide(client, turn, gate, "promote", "luis") == 409


def test_an_override_is_asked_by_one_lead_and_confirmed_by_another(client: Client, turn: Turn) -> None:
    gate = doubtful(turn)
    run = gate.candidate.training_run
    assert decide(client, turn, gate, "ask-override", "lena", reason="The old one breaks on fives.") == 302

    asker, second = text(client, turn, run, "lena"), text(client, turn, run, "luis")

    assert "so a second lead has to confirm it" in asker
    assert f"/p/digits/gates/{gate.pk}/promote/" not in asker
    assert "Confirm the override" in second
    assert "The old one breaks on fives." in second
    assert decide(client, turn, gate, "promote", "lena") == 403
    assert decide(client, turn, gate, "promote", "luis") == 302
    assert production(project=turn.house.project) == gate.candidate
