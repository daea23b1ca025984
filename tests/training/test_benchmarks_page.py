"""Benchmarks with their plan in words and each model's result; recipes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.training.models import Benchmark
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db

PLAN = {
    "name": "second", "margin": "0.02", "slice_margin": "0.05", "brier_margin": "0.02", "floor": "0.8",
    "slice_floor": "0.75", "alpha": "0.05", "protected": "half", "superiority": "on",
}  # fmt: skip


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def read(client: Client, house: House, name: str = "lena", page: str = "benchmarks") -> str:
    client.force_login(house.people[name])
    return client.get(f"/p/digits/{page}/").content.decode()


def freeze(client: Client, house: House, **values: Any) -> Any:
    client.force_login(house.lena)
    return client.post("/p/digits/benchmarks/freeze/", {**PLAN, **values})


def test_without_a_benchmark_the_page_says_what_to_import(client: Client, house: House) -> None:
    assert "Import labelled examples with the split" in read(client, house)


def test_the_plan_stands_in_words_and_results_with_intervals(client: Client, turn: Turn) -> None:
    turn.gate(right=0.75)
    html = read(client, turn.house, "erin")

    assert "loses at most 0.1 of accuracy overall" in html
    assert "60 rows, owned by lena" in html
    assert "0.750" in html
    assert "benchmarks/freeze/" not in html


def test_a_lead_freezes_a_benchmark_with_its_plan(client: Client, turn: Turn) -> None:
    assert freeze(client, turn.house).status_code == 302
    made = Benchmark.objects.get(name="second")
    assert (made.rows, made.owner) == (60, turn.house.lena)
    assert (made.plan["protected"], made.plan["floor"], made.plan["superiority"]) == ("half", 0.8, True)


def test_a_taken_name_and_an_impossible_margin_are_refused_in_the_form(client: Client, turn: Turn) -> None:
    taken, impossible = freeze(client, turn.house, name="frozen"), freeze(client, turn.house, margin="1.5")

    assert (taken.status_code, impossible.status_code) == (422, 422)
    assert "a frozen one never changes" in taken.content.decode()
    assert Benchmark.objects.count() == 1


def test_there_must_be_something_to_freeze(client: Client, house: House) -> None:
    answer = freeze(client, house)
    assert answer.status_code == 422
    assert "Import some first" in answer.content.decode()


def test_a_lead_makes_the_next_recipe(client: Client, turn: Turn) -> None:
    client.force_login(turn.house.lena)
    values = {"learner": "text-ngrams", "budget_seconds": "60", "cross_fit": "3", "params": '{"width": 8}'}

    assert client.post("/p/digits/runs/recipe/", values).status_code == 302

    recipe = turn.house.project.recipes.first()
    assert recipe is not None
    assert (recipe.version, recipe.learner, recipe.params) == (2, "text-ngrams", {"width": 8})
    assert "text-ngrams" in read(client, turn.house, "erin", "runs")


def test_parameters_that_are_no_json_are_refused_with_the_place(client: Client, turn: Turn) -> None:
    client.force_login(turn.house.lena)
    values = {"learner": "image-cnn", "budget_seconds": "60", "cross_fit": "3", "params": "{width}"}
    answer = client.post("/p/digits/runs/recipe/", values)
    assert answer.status_code == 422
    assert "Line 1, column 2" in answer.content.decode()
    assert turn.house.project.recipes.count() == 1
