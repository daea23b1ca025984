"""One dataset version: its manifest for all, its rows for leads."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.calibration.services import add_gold
from apps.datasets import queries
from apps.datasets.models import SnapshotRun
from tests.conftest import House
from tests.turn import ROWS, Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def read(client: Client, turn: Turn, name: str = "lena", query: str = "") -> str:
    client.force_login(turn.house.people[name])
    return client.get(f"/p/digits/datasets/1/{query}").content.decode()


def test_a_version_tells_its_sources_and_what_was_left_out(client: Client, turn: Turn) -> None:
    turn.dataset()
    html = read(client, turn)

    assert "as given" in html
    assert "no label yet" in html, "the pool's examples"
    assert "the text of t00" in html
    assert "dataset-versions" in html
    assert "format=parquet" in html


def test_experts_see_no_rows_because_their_gaps_would_give_gold_away(client: Client, turn: Turn) -> None:
    turn.dataset()
    html = read(client, turn, "erin")

    assert "t00" not in html
    assert "would give gold away" in html
    assert "format=parquet" not in html


def test_how_much_gold_was_left_out_is_said_only_to_who_manages_it(client: Client, turn: Turn) -> None:
    house = turn.house
    add_gold(project=house.project, labels={"t00": "3"}, by=house.lena, at=house.clock)
    dataset = turn.dataset()

    assert dataset.summary["left_out"]["gold"] == 1
    assert "<dt>gold</dt>" in read(client, turn, "lena")
    assert "<dt>gold</dt>" not in read(client, turn, "erin")
    manifest = client.get(f"/api/v1/projects/digits/dataset-versions/{dataset.digest}/").json()
    assert "gold" not in manifest["summary"]["left_out"]
    assert manifest["summary"]["left_out"] == dataset.summary_without_gold["left_out"]


def test_rows_are_paged_by_position(client: Client, turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "ROWS_SHOWN", 5)
    dataset = turn.dataset()

    first = queries.rows_page(dataset=dataset)
    last = queries.rows_page(dataset=dataset, start="10")

    assert [row.values["key"] for row in first.rows] == [f"t{n:02}" for n in range(5)]
    assert (first.previous, first.next, first.shown) == (None, 5, f"Rows 1–5 of {ROWS}")
    assert [row.values["key"] for row in last.rows] == ["t10", "t11"]
    assert (last.previous, last.next) == (5, None)


def test_rows_are_found_across_batches(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = turn.dataset()
    monkeypatch.setattr(queries, "ROWS_SHOWN", 4)
    monkeypatch.setattr(queries, "BATCH", 3)

    rows = queries.rows_page(dataset=dataset, start="5").rows

    assert [row.values["key"] for row in rows] == ["t05", "t06", "t07", "t08"]


def test_a_position_that_is_no_number_is_refused(client: Client, turn: Turn) -> None:
    turn.dataset()
    client.force_login(turn.house.lena)
    assert client.get("/p/digits/datasets/1/?start=x").status_code == 422
    assert client.get("/p/digits/datasets/9/").status_code == 404


def test_a_corrected_label_shows_the_given_one_struck_out(client: Client, turn: Turn) -> None:
    turn.answered()
    turn.dataset()
    client.force_login(turn.house.lena)
    assert "<del>5</del>" in client.get("/p/digits/datasets/2/").content.decode()


def test_a_lead_cuts_a_version_and_the_list_follows_it(client: Client, turn: Turn) -> None:
    client.force_login(turn.house.lena)
    assert "No dataset version yet" in client.get("/p/digits/datasets/").content.decode()

    client.post("/p/digits/datasets/cut/")
    html = client.get("/p/digits/datasets/").content.decode()
    assert 'hx-trigger="every 1s"' in html

    turn.house.work(SnapshotRun.objects.get())
    html = client.get("/p/digits/datasets/").content.decode()
    assert "Dataset v1" in html
    assert "hx-trigger" not in html
