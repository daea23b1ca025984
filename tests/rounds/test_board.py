"""Where the loop is, who must act next, and what each answer of the board does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.annotation.models import Task, TaskState
from apps.core.models import RunState
from apps.core.runs import claim, fail
from apps.curricula.services import send_back_proposal
from apps.mining.models import MiningRun
from apps.projects.services import create_project, set_member
from apps.rounds.actions import next_action
from apps.rounds.models import Round
from apps.rounds.queries import standing
from apps.training.services.gates import promote, reject
from apps.training.services.runs import add_recipe
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db

POLICY = {"audit": "4", "margin": "3", "label_error": "3", "overlap": "1"}
LESSON = {"expected": "more", "observed": "a little more", "cause": "few labels", "action": "mine on"}


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def board(client: Client, house: House, name: str = "lena", **headers: str) -> str:
    client.force_login(house.people[name])
    answer = client.get("/p/digits/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, house: House, path: str, data: Any = None, name: str = "lena") -> Any:
    client.force_login(house.people[name])
    return client.post(f"/p/digits/rounds/{path}", data or {})


def where(house: House) -> str:
    return standing(project=house.project, at=house.clock).made.where


def states(house: House) -> dict[str, str]:
    return {phase.name: phase.state for phase in standing(project=house.project, at=house.clock).phases}


def title(house: House) -> str:
    stands = standing(project=house.project, at=house.clock)
    return next_action(standing=stands, project=house.project).title


def test_a_new_project_is_told_what_it_lacks_one_thing_at_a_time(house: House) -> None:
    bare = create_project(slug="bare", name="Bare", by=house.ada, at=house.clock)
    set_member(project=bare, person=house.lena, role="lead", by=house.ada, at=house.clock)
    house.project, digits = bare, house.project

    assert title(house) == "Add a protocol"

    house.project = digits
    assert title(house) == "Import examples"
    house.example("t0", label="3", split="train")
    assert title(house) == "Freeze a benchmark"
    house.freeze(30)
    assert title(house) == "Choose a recipe"


def test_the_base_model_goes_through_the_track_before_round_1(turn: Turn) -> None:
    house = turn.house
    assert (where(house), title(house)) == ("curate", "Cut a dataset version")
    assert (states(house)["mine"], states(house)["review"]) == ("waiting", "waiting"), "nothing was mined yet"
    turn.dataset()
    assert title(house) == "Propose a curriculum from dataset v1"


def test_people_who_are_asked_before_there_is_a_model_are_what_the_board_waits_for(house: House) -> None:
    house.task("a", overlap=1)
    house.task("b", overlap=1)
    assert (where(house), title(house)) == ("review", "2 tasks wait for answers")
    assert states(house)["mine"] == "waiting"
    house.submit(house.erin)
    house.submit(house.erin)
    assert where(house) == "curate"


def test_after_the_base_model_a_lead_opens_round_1(client: Client, turn: Turn) -> None:
    turn.production()
    assert "Open round 1" in board(client, turn.house)

    assert post(client, turn.house, "open/").status_code == 302

    assert Round.objects.get().number == 1
    assert where(turn.house) == "mine"


def test_the_lead_starts_mining_and_the_board_follows_it(client: Client, turn: Turn) -> None:
    turn.round()
    assert "Next, yours" in board(client, turn.house)

    assert post(client, turn.house, "mine/", POLICY)["Location"] == "/p/digits/"

    html = board(client, turn.house)
    run = MiningRun.objects.get()
    asked = {"audit": 4, "margin": 3, "label_error": 3, "overlap": 1}
    assert run.policy == {**asked, "reserved_for": "everybody"}
    assert 'hx-trigger="every 1s"' in html
    assert f"/p/digits/rounds/miningrun/{run.pk}/cancel/" in html


def test_an_expert_sees_who_must_act_and_no_button(client: Client, turn: Turn) -> None:
    turn.round()
    html = board(client, turn.house, "erin")

    assert "Next, for a lead" in html
    assert "Start mining" in html
    assert "/rounds/mine/" not in html
    assert post(client, turn.house, "mine/", POLICY, name="erin").status_code == 403


def test_a_policy_without_answers_is_refused_beside_its_field(client: Client, turn: Turn) -> None:
    turn.round()
    answer = post(client, turn.house, "mine/", {**POLICY, "overlap": "0"})

    assert answer.status_code == 422
    assert "greater than or equal to 1" in answer.content.decode()
    assert not MiningRun.objects.exists()


def test_a_board_that_waits_for_people_does_not_poll(client: Client, turn: Turn) -> None:
    turn.mined()
    assert "hx-trigger" not in board(client, turn.house)


def test_htmx_gets_only_the_track_and_the_next_action(client: Client, turn: Turn) -> None:
    turn.mined()
    html = board(client, turn.house, **{"HX-Request": "true"})

    assert html.lstrip().startswith('<div id="standing"')
    assert "Rounds so far" not in html


def test_while_tasks_are_open_experts_go_to_the_desk_and_a_lead_may_go_on(client: Client, turn: Turn) -> None:
    turn.mined()
    turn.house.submit(turn.house.erin, "3")

    expert, lead = board(client, turn.house, "erin"), board(client, turn.house)

    assert where(turn.house) == "review"
    assert "1 of 10 closed" in expert
    assert "/p/digits/desk/" in expert
    assert "Cut the dataset now" not in expert
    assert "Cut the dataset now, 9 tasks still open" in lead


def test_the_lead_cuts_early_and_the_round_moves_on(client: Client, turn: Turn) -> None:
    turn.mined()
    assert post(client, turn.house, "cut/").status_code == 302

    snapshot = turn.house.project.snapshot_runs.latest("pk")
    assert title(turn.house) == "Dataset waits for a worker"
    turn.house.work(snapshot)
    assert states(turn.house)["review"] == "done"
    assert states(turn.house)["curate"] == "current"


def test_disputes_are_for_leads_to_settle(client: Client, turn: Turn) -> None:
    turn.mined()
    Task.objects.update(state=TaskState.CONFLICT)

    html = board(client, turn.house)

    assert title(turn.house) == "10 disputes to settle"
    assert "/p/digits/adjudication/" in html
    assert "/p/digits/adjudication/" not in board(client, turn.house, "erin")


def test_from_the_board_the_dataset_is_cut_and_proposed(client: Client, turn: Turn) -> None:
    house = turn.house
    turn.answered()
    assert (where(house), title(house)) == ("curate", "Cut a dataset version")
    dataset = turn.dataset()
    assert post(client, house, f"propose/{dataset.number}/", {"note": "look"}).status_code == 302
    house.work(house.project.curriculum_runs.latest("pk"))
    assert where(house) == "approve"
    assert "a lead other than Lena" in board(client, house, "luis") or "lena put it forward" in board(
        client, house
    )


def test_a_proposal_that_was_sent_back_is_curated_again(client: Client, turn: Turn) -> None:
    turn.answered()
    proposal = turn.proposal(note="first try")
    values = {"project": turn.house.project, "by": turn.house.luis, "at": turn.house.clock}
    send_back_proposal(proposal_id=proposal.pk, reason="Look at the sevens.", **values)

    html = board(client, turn.house)

    assert states(turn.house)["curate"] == "current"
    assert "Look at the sevens." in html
    assert "Cut the dataset anew first" in html


def test_mining_again_makes_an_older_dataset_not_count(client: Client, turn: Turn) -> None:
    turn.answered()
    turn.dataset()
    assert where(turn.house) == "curate"
    turn.house.later(seconds=5)

    post(client, turn.house, "mine/", POLICY)

    assert where(turn.house) == "mine"
    assert states(turn.house)["curate"] == "waiting"


def test_a_failed_job_is_told_and_tried_again(client: Client, turn: Turn) -> None:
    turn.round()
    post(client, turn.house, "mine/", POLICY)
    run = claim(MiningRun, MiningRun.objects.get().pk, at=turn.house.clock)
    fail(run, error="The store cannot be read.", at=turn.house.clock)

    html = board(client, turn.house)
    assert "The store cannot be read." in html
    assert states(turn.house)["mine"] == "failed"
    post(client, turn.house, f"miningrun/{run.pk}/retry/")

    run.refresh_from_db()
    assert run.state == RunState.QUEUED


def test_a_waiting_job_is_cancelled_from_the_board(client: Client, turn: Turn) -> None:
    turn.round()
    post(client, turn.house, "mine/", POLICY)
    run = MiningRun.objects.get()

    post(client, turn.house, f"miningrun/{run.pk}/cancel/")

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_a_judged_candidate_is_decided_on_where_its_verdict_is_read(client: Client, turn: Turn) -> None:
    turn.answered()
    gate = turn.gate()

    html = board(client, turn.house)

    assert title(turn.house) == f"Promote model {gate.candidate} or reject it"
    assert f"/p/digits/runs/{gate.candidate.training_run.pk}/#gate" in html


@pytest.mark.parametrize("decide", ["promote", "reject"])
def test_a_decided_round_is_reflected_on_and_the_next_one_opens(
    client: Client, turn: Turn, decide: str
) -> None:
    turn.answered()
    values = {"project": turn.house.project, "by": turn.house.luis, "at": turn.house.clock}
    gate = turn.gate()
    if decide == "promote":
        promote(gate_id=gate.pk, **values)
    else:
        reject(gate_id=gate.pk, reason="Not yet.", **values)
    html = board(client, turn.house)
    assert "Reflect on round 1" in html
    assert f"Model v2 was {decide}" in html, "numbers to think with"

    answer = post(client, turn.house, "1/reflect/", LESSON)

    assert answer.status_code == 302
    assert [(r.number, r.state) for r in Round.objects.all()] == [(2, "open"), (1, "closed")]
    assert where(turn.house) == "mine"


def test_an_incomplete_reflection_keeps_what_was_written(client: Client, turn: Turn) -> None:
    turn.answered()
    promote(gate_id=turn.gate().pk, project=turn.house.project, by=turn.house.luis, at=turn.house.clock)

    answer = post(client, turn.house, "1/reflect/", {**LESSON, "cause": ""})

    assert answer.status_code == 422
    assert "a little more" in answer.content.decode()
    assert "Model v2 was promoted" in answer.content.decode(), "the numbers to think with stay"
    assert Round.objects.get().state == "open"


def test_a_round_without_a_decision_does_not_close(client: Client, turn: Turn) -> None:
    turn.mined()
    answer = post(client, turn.house, "1/reflect/", LESSON)

    assert answer.status_code == 409
    assert Round.objects.get().state == "open"


def test_while_predictions_are_made_the_board_waits_for_them(client: Client, turn: Turn) -> None:
    turn.answered()
    promote(gate_id=turn.gate().pk, project=turn.house.project, by=turn.house.luis, at=turn.house.clock)
    post(client, turn.house, "1/reflect/", LESSON)

    assert title(turn.house) == "Prediction waits for a worker"


def test_where_models_are_trained_elsewhere_the_board_waits_for_the_trainer_there(
    client: Client, turn: Turn
) -> None:
    add_recipe(learner="outside", project=turn.house.project, by=turn.house.lena, at=turn.house.clock)
    turn.approved()
    assert where(turn.house) == "train"
    assert title(turn.house) == "Train it outside, and report the model"
    assert "an outside trainer" not in board(client, turn.house), "who looks may open the runs"
    assert "reports the model through the API" in board(client, turn.house)
