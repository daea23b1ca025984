"""The list of proposals, and putting one forward."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.curricula.models import CurriculumRun
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def listed(client: Client, turn: Turn, name: str = "lena", query: str = "") -> str:
    client.force_login(turn.house.people[name])
    return client.get(f"/p/digits/proposals/{query}").content.decode()


def test_an_empty_list_says_what_comes_first(client: Client, turn: Turn) -> None:
    html = listed(client, turn)
    assert "Nothing has been proposed yet" in html
    assert "Cut one first" in html


def test_a_lead_proposes_from_the_dataset_they_came_from(client: Client, turn: Turn) -> None:
    dataset = turn.dataset()
    assert f'<option value="{dataset.pk}" selected>v1, 12 rows</option>' in listed(
        client, turn, query="?dataset=1"
    )

    answer = client.post("/p/digits/proposals/propose/", {"dataset": dataset.pk, "note": "look"})

    run = CurriculumRun.objects.get()
    assert answer["Location"] == "/p/digits/proposals/"
    assert (run.dataset, run.note, run.created_by) == (dataset, "look", turn.house.lena)
    assert 'hx-trigger="every 1s"' in listed(client, turn)


def test_a_dataset_of_another_project_cannot_be_proposed(client: Client, turn: Turn) -> None:
    turn.dataset()
    client.force_login(turn.house.lena)

    assert client.post("/p/digits/proposals/propose/", {"dataset": 99_999}).status_code == 422
    assert not CurriculumRun.objects.exists()


def test_a_run_that_waits_is_cancelled_and_queued_again(client: Client, turn: Turn) -> None:
    dataset = turn.dataset()
    client.force_login(turn.house.lena)
    client.post("/p/digits/proposals/propose/", {"dataset": dataset.pk})
    run = CurriculumRun.objects.get()
    for verb, state in (("cancel", "cancelled"), ("retry", "queued")):
        client.post(f"/p/digits/proposals/making/{run.pk}/{verb}/")
        run.refresh_from_db()
        assert run.state == state


def test_the_curriculum_in_force_is_marked(client: Client, turn: Turn) -> None:
    turn.production()
    turn.proposal()
    html = listed(client, turn, "erin")
    assert html.count("in force</span>") == 1
    assert "A lead puts curricula forward." in html
