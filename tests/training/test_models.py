"""Models with their lineage both ways, the ledger of production, and rolling back."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.registry.models import AliasMove
from apps.registry.queries import production, roll_back_target
from apps.training.lineage import ancestry_of
from apps.training.models import Gate
from apps.training.services.gates import promote
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def read(client: Client, turn: Turn, path: str = "", name: str = "lena") -> str:
    client.force_login(turn.house.people[name])
    return client.get(f"/p/digits/models/{path}").content.decode()


@pytest.fixture
def second(turn: Turn) -> Gate:
    """A second model in production, taught what people answered."""
    turn.answered()
    gate = turn.gate()
    promote(gate_id=gate.pk, project=turn.house.project, by=turn.house.luis, at=turn.house.later(seconds=1))
    return gate


def test_without_a_model_the_list_says_where_the_first_comes_from(client: Client, turn: Turn) -> None:
    assert "The first comes from the first approved proposal" in read(client, turn)


def test_the_list_tells_accuracy_with_interval_and_what_is_in_production(
    client: Client, turn: Turn, second: Gate
) -> None:
    html = read(client, turn, name="erin")
    assert "1.000" in html
    assert "n 60" in html
    assert html.count(">production<") == 1
    assert "Roll back to" not in html, "for leads"


def test_lineage_leads_up_to_the_annotations_and_down_to_the_tasks(turn: Turn, second: Gate) -> None:
    new = ancestry_of(model=second.candidate)
    assert second.baseline is not None
    old = ancestry_of(model=second.baseline)

    assert new.dataset is not None
    assert (new.dataset.number, new.tasks, new.annotations) == (2, 10, 10)
    assert (old.tasks, old.annotations) == (0, 0)
    assert old.children == [second.candidate]
    assert [(one.run.pk, one.tasks) for one in old.mined if one.run] == [
        (turn.house.project.mining_runs.get().pk, 10)
    ]


def test_the_model_page_links_both_ways(client: Client, turn: Turn, second: Gate) -> None:
    html = read(client, turn, "2/")
    assert "<b>10 annotations</b> on 10 tasks" in html
    for link in ("datasets/2/", f"runs/{second.candidate.training_run.pk}/", "models/1/"):
        assert f'"/p/digits/{link}"' in html
    assert client.get("/p/digits/models/9/").status_code == 404


def test_rolling_back_needs_a_reason_and_is_kept_in_the_ledger(
    client: Client, turn: Turn, second: Gate
) -> None:
    assert roll_back_target(project=turn.house.project) == second.baseline
    assert "Roll back to v1" in read(client, turn)

    assert client.post("/p/digits/models/roll-back/", {"reason": ""}).status_code == 422
    assert production(project=turn.house.project) == second.candidate
    assert client.post("/p/digits/models/roll-back/", {"reason": "It fails on fives."}).status_code == 302

    assert production(project=turn.house.project) == second.baseline
    assert AliasMove.objects.latest("pk").kind == "roll_back"
    assert "“It fails on fives.”" in read(client, turn)


def test_the_first_model_has_nothing_to_go_back_to(client: Client, turn: Turn) -> None:
    turn.production()
    assert roll_back_target(project=turn.house.project) is None
    assert "Roll back to" not in read(client, turn)


def test_a_lead_has_an_older_model_judged_again(client: Client, turn: Turn, second: Gate) -> None:
    assert "Judge again against production" in read(client, turn, "1/")

    client.post("/p/digits/models/1/judge/")

    again = Gate.objects.latest("pk")
    assert (again.candidate, again.baseline) == (second.baseline, second.candidate)
    assert "All its judgements" in read(client, turn, "1/")
