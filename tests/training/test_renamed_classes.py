"""A gate after a renaming judges the model and not the names of its classes."""

from __future__ import annotations

import pytest

from apps.core.store import read_table
from apps.training.queries import outcomes
from apps.training.services.gates import freeze_benchmark
from apps.training.verdict import quality_of
from tests.conftest import House

pytestmark = pytest.mark.django_db


def test_a_model_with_the_old_names_is_as_right_as_it_was(house: House) -> None:
    benchmark = house.freeze(30)
    model = house.measured(lambda i: i % 10 > 0)
    before = outcomes(benchmark=benchmark, models=[model])[0].correct.mean()

    house.rename("three", "5", "8", **{"3": "three"})
    later = outcomes(benchmark=benchmark, models=[model])[0]

    assert later.correct.mean() == before == pytest.approx(0.9)
    assert quality_of(model=model, benchmark=benchmark).classes == ["three", "5", "8"]


def test_a_model_taught_the_new_names_is_measured_on_the_old_benchmark(house: House) -> None:
    benchmark = house.freeze(30)
    house.rename("three", "5", "8", **{"3": "three"})
    model = house.measured(lambda i: True)
    assert outcomes(benchmark=benchmark, models=[model])[0].correct.all()


def test_classes_that_became_one_are_right_together_and_what_was_left_behind_measures_nobody(
    house: House,
) -> None:
    benchmark = house.freeze(30)
    model = house.measured(lambda i: i % 3 != 0)  # every 3 is taken for a 5
    house.rename("odd", "nine", **{"3": "odd", "5": "odd"})
    (outcome,) = outcomes(benchmark=benchmark, models=[model])
    assert len(outcome.labels) == 20
    assert outcome.correct.all()


def test_a_benchmark_is_frozen_under_the_names_of_today(house: House) -> None:
    for i in range(30):
        house.example(f"b{i:02}", label="358"[i % 3], split="benchmark")
    house.rename("three", "5", **{"3": "three"})
    values = {"project": house.project, "name": "late", "plan": {"superiority": False}}
    benchmark = freeze_benchmark(by=house.lena, at=house.clock, **values)
    rows = read_table("benchmarks", benchmark.digest).to_pylist()
    assert sorted({row["label"] for row in rows}) == ["5", "three"]
    assert len(rows) == 20
