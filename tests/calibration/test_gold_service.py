"""Gold added and retired, and served blind among the tasks."""

from __future__ import annotations

import pytest

from apps.annotation.domain import AUDIT_WHY
from apps.annotation.models import Task, TaskState
from apps.annotation.services.answers import submit_annotation
from apps.calibration.models import Gold
from apps.calibration.queries import gold_answers
from apps.calibration.services import add_gold, open_gold_tasks, retire_gold
from apps.core.errors import BadInput, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


def add(house, by=None, **labels):
    return add_gold(project=house.project, labels=labels, by=by or house.lena, at=house.clock)


SAID = {"label": "3", "score": 0.8, "top": [["3", 0.8], ["5", 0.2]]}


def open_gold(house, keys="abc", model=None):
    """Gold tasks, when the model has predicted the examples with these keys."""
    predicted = house.project.examples.filter(key__in=list(keys))
    predictions = {example.pk: SAID for example in predicted}
    return open_gold_tasks(
        queue=house.queue, predictions=predictions, model_id=model, run_id=None, at=house.clock
    )


def lease(house, person):
    """A gold lease, as sooner or later one is due; None when there is none left for this person."""
    house.project.queues.update(gold_rate=0.5)
    return next(filter(None, (house.lease(person, after=n) for n in range(64))), None)


def answer(house, person):
    held = lease(house, person)
    submit_annotation(assignment_id=held.pk, person=person, answer=house.answer("3"), at=house.clock)


@pytest.fixture
def examples(house):
    return [house.example(key) for key in "abc"]


def test_gold_is_added_with_its_known_label(house, examples):
    add(house, a="3", b="5")
    assert dict(house.project.gold.values_list("example__key", "label")) == {"a": "3", "b": "5"}


def test_one_bad_key_adds_none(house, examples):
    house.example("frozen", label="3", split="benchmark")
    for bad, words in (({"z": "3"}, "no example"), ({"b": "9"}, "options"), ({"frozen": "3"}, "benchmark")):
        with pytest.raises(BadInput, match=words) as refused:
            add(house, a="3", **bad)
        assert refused.value.detail["field"] in bad
    assert not Gold.objects.exists()


def test_experts_do_not_add_or_retire_gold(house, examples):
    (gold,) = add(house, a="3")
    with pytest.raises(NotAllowed):
        add(house, by=house.erin, b="3")
    with pytest.raises(NotAllowed):
        retire_gold(project=house.project, gold_id=gold.pk, by=house.erin, at=house.clock)


def test_retired_gold_is_withdrawn_and_its_answers_still_count(house, examples):
    (gold,) = add(house, a="3")
    open_gold(house)
    answer(house, house.erin)
    retire_gold(project=house.project, gold_id=gold.pk, by=house.lena, at=house.clock)
    assert Task.objects.get(reason="gold").state == TaskState.WITHDRAWN
    assert [found.correct for found in gold_answers(project=house.project)] == [True]
    with pytest.raises(NotFound):
        retire_gold(project=house.project, gold_id=gold.pk, by=house.lena, at=house.clock)


def test_retired_gold_can_be_put_back_with_another_label(house, examples):
    (gold,) = add(house, a="3")
    retire_gold(project=house.project, gold_id=gold.pk, by=house.lena, at=house.clock)
    add(house, a="8")
    again = house.project.gold.get()
    assert (again.pk, again.label, again.retired_at) == (gold.pk, "8", None)


def test_every_gold_in_service_gets_one_open_task(house, examples):
    (kept, retired) = add(house, a="3", b="5")
    retire_gold(project=house.project, gold_id=retired.pk, by=house.lena, at=house.clock)
    assert open_gold(house) == 1
    assert open_gold(house) == 0
    assert Task.objects.get().example_id == kept.example_id


def test_a_gold_task_looks_like_an_audit_task(house, examples):
    add(house, a="3", b="5")
    model = house.model()
    open_gold(house, model=model.pk)
    for task in Task.objects.all():
        assert (task.why, task.prediction, task.model) == (AUDIT_WHY, SAID, model)


def test_gold_speaks_with_the_newest_model_or_it_would_be_known_by_its_age(house, examples):
    add(house, a="3", b="5")
    old, new = house.model(), house.model()
    open_gold(house, model=old.pk)
    held = lease(house, house.erin)
    assert open_gold(house, model=new.pk) == 1
    open_tasks = Task.objects.filter(state=TaskState.OPEN)
    assert set(open_tasks.values_list("model", flat=True)) == {old.pk, new.pk}, "one is on a desk still"
    submit_annotation(assignment_id=held.pk, person=house.erin, answer=house.answer("3"), at=house.clock)
    assert open_gold(house, model=new.pk) == 1
    assert set(open_tasks.values_list("model", flat=True)) == {new.pk}
    assert open_gold(house, model=new.pk) == 0


def test_gold_that_the_model_has_not_predicted_waits_since_its_lack_would_tell_it(house, examples):
    add(house, a="3", b="5")
    assert open_gold(house, keys="b") == 1
    assert Task.objects.get().example.key == "b"


def test_every_expert_answers_a_gold_task_once_and_it_stays_open(house, examples):
    add(house, a="3")
    open_gold(house)
    for person in (house.erin, house.emil, house.ella):
        answer(house, person)
        assert lease(house, person) is None
    assert Task.objects.get().state == TaskState.OPEN
