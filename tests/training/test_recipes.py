"""A recipe is checked in one place, whoever brings it, and versions are numbered one at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.core.errors import BadInput
from apps.training.forms import RecipeForm
from apps.training.models import Recipe
from apps.training.services.runs import add_recipe
from tests.conftest import House

pytestmark = pytest.mark.django_db

BAD: dict[str, Any] = {
    "learner": "resnet",
    "params": ["rate"],
    "cross_fit": 1,
    "budget_seconds": 0,
    "folds": 3,
}


def add(house: House, **values: Any) -> Recipe:
    return add_recipe(
        project=house.project, by=house.lena, at=house.clock, **{"learner": "image-cnn", **values}
    )


@pytest.mark.parametrize("name", BAD)
def test_what_no_learner_could_follow_is_refused_by_its_field(house: House, name: str) -> None:
    with pytest.raises(BadInput) as refused:
        add(house, **{name: BAD[name]})
    assert refused.value.detail["field"] == name
    assert not Recipe.objects.exists()


def test_folds_are_two_to_twenty(house: House) -> None:
    for folds in (0, 1, 21, True, 2.0):
        with pytest.raises(BadInput, match="from 2 to 20"):
            add(house, cross_fit=folds)
    assert [add(house, cross_fit=folds).cross_fit for folds in (2, 20)] == [2, 20]


def test_the_api_and_the_form_refuse_the_same(client: Client, house: House) -> None:
    client.force_login(house.lena)
    for values in ({"cross_fit": 1}, {"learner": "resnet"}):
        given = {"learner": "image-cnn", "budget_seconds": 60, "cross_fit": 5, "params": {}, **values}
        answer = client.post("/api/v1/projects/digits/recipes/", given, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, next(iter(values)))
        assert list(RecipeForm({**given, "params": "{}"}).errors) == list(values)


@pytest.mark.django_db(transaction=True)
def test_two_who_add_one_at_the_same_moment_get_two_numbers(house: House) -> None:
    both = threading.Barrier(2)

    def one(_: int) -> int:
        try:
            both.wait(10)
            return add(house).version
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [1, 2]
