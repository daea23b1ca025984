"""Before there is a model, people are asked about examples drawn at random: with known probability, blind gold."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.annotation.models import Task
from apps.annotation.services.tasks import withdraw_open_tasks
from apps.calibration.services import add_gold
from apps.core.models import RunState
from apps.mining.queries import findings
from apps.mining.services import NothingToMine, start_mining

pytestmark = pytest.mark.django_db

ALONE = {"audit": 12, "margin": 0, "label_error": 0, "overlap": 1}


@pytest.fixture
def pool(house):
    for n in range(30):
        house.example(f"p{n:02}", label="3" if n < 5 else None, split="train" if n < 5 else "pool")
    house.example("frozen", label="3", split="benchmark")


def draw(house, **values):
    return start_mining(project=house.project, by=house.lena, at=house.clock, policy={**ALONE, **values})


def test_so_many_are_drawn_each_with_the_same_known_chance(house, pool):
    run = house.work(draw(house))
    tasks = Task.objects.filter(mining_run_id=run.pk)
    assert (run.prediction_set, run.frame, run.opened["audit"]) == (None, 30, 12)
    assert {task.inclusion_probability for task in tasks} == {12 / 30}
    assert {(task.reason, task.stratum, task.model, task.prediction) for task in tasks} == {
        ("audit", "audit", None, None)
    }
    assert "frozen" not in {task.example.key for task in tasks}


def test_the_same_seed_draws_the_same_and_what_is_asked_is_not_drawn_again(house, pool):
    first = house.work(draw(house))
    drawn = set(Task.objects.values_list("example__key", flat=True))
    second = house.work(draw(house, audit=100))
    assert second.opened["audit"] == 30 - 12
    withdraw_open_tasks(queue=house.queue, by=house.lena, at=house.clock, why="again")
    third = house.work(draw(house))
    assert {t.example.key for t in Task.objects.filter(mining_run_id=third.pk)} == drawn
    assert first.seed == third.seed


def test_gold_is_mixed_in_and_has_no_prediction_either(house, pool):
    add_gold(project=house.project, labels={"p00": "3"}, by=house.lena, at=house.clock)
    run = house.work(draw(house))
    (gold,) = Task.objects.filter(reason="gold")
    assert (run.frame, gold.prediction, gold.model) == (29, None, None)


def test_people_answer_and_the_run_says_what_came_of_it(house, pool):
    run = house.work(draw(house))
    for _ in range(12):
        house.submit(house.erin, "3")
    found = findings(run=run)
    (audit,) = found.yields
    assert (found.error, audit.closed, audit.predicted) == (None, 12, 0)


def test_what_chooses_by_a_model_needs_one_and_an_empty_project_says_so(house, pool):
    with pytest.raises(NothingToMine, match="audit sample alone"):
        draw(house, margin=1)
    house.project.examples.all().delete()
    run = house.work(draw(house), ends=RunState.FAILED)
    assert "import examples" in run.error


def test_the_form_leaves_out_what_needs_a_model(client, house, pool):
    client.force_login(house.lena)
    page = client.get(reverse("mining:runs", args=["digits"])).content.decode()
    assert page.count("Once a model is in production.") == 2
    answer = client.post(
        reverse("mining:start", args=["digits"]),
        {"audit": 4, "margin": 99, "label_error": 99, "overlap": 2, "reserved_for": "everybody"},
    )
    run = house.project.mining_runs.get()
    assert (answer.status_code, run.policy["margin"], run.policy["label_error"]) == (302, 0, 0)
    house.work(run)
    assert "drawn by chance" in client.get(answer.url).content.decode()
    assert "by chance" in client.get(reverse("mining:runs", args=["digits"])).content.decode()
