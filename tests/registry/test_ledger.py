"""Model versions, prediction sets and the ledger of aliases do not change; the ledger says why."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.core.models import Event
from apps.registry.models import Alias, AliasMove, ModelVersion, PredictionSet
from apps.registry.queries import ledger, predictions_of, production
from apps.registry.services import AliasTaken, move_alias

pytestmark = pytest.mark.django_db


def move(house, model, **values):
    given = {"name": "production", "kind": "promote", "gate_id": 1, "by": house.lena, **values}
    return move_alias(project=house.project, model=model, at=house.clock, **given)


def test_models_are_numbered_one_after_the_other_in_each_project(house):
    assert [house.model().number for _ in range(3)] == [1, 2, 3]
    assert Event.objects.filter(kind="model.registered").count() == 3


def test_models_prediction_sets_and_ledger_lines_cannot_be_changed_or_deleted(house):
    model = house.model()
    predictions = house.predictions(model, {"a": [1, 0, 0]})
    line = move(house, house.model())
    for change in (
        lambda: ModelVersion.objects.filter(pk=model.pk).update(digest="other"),
        lambda: PredictionSet.objects.filter(pk=predictions.pk).update(rows=9),
        lambda: AliasMove.objects.filter(pk=line.pk).update(reason="other"),
        predictions.delete,
        line.delete,
        model.delete,
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            change()


def test_a_model_that_is_pointed_at_cannot_be_deleted(house):
    model = house.model()
    move(house, model)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.delete()


def test_the_ledger_has_where_from_and_where_to_newest_first(house):
    first, second = house.model(curriculum_digest="one"), house.model(curriculum_digest="two")
    move(house, first)
    move(house, second, gate_id=2)
    move(house, first, kind="roll_back", gate_id=None, reason="It broke.")
    lines = ledger(project=house.project).values_list("kind", "from_model__number", "to_model__number")
    assert list(lines) == [("roll_back", 2, 1), ("promote", 1, 2), ("promote", None, 1)]
    assert production(project=house.project) == first
    assert Alias.objects.get().curriculum_digest == "one"


def test_each_alias_has_its_own_ledger(house):
    first, second = house.model(), house.model()
    move(house, first)
    move(house, second, name="staging", gate_id=2)
    assert production(project=house.project) == first
    assert production(project=house.project, name="staging") == second
    assert ledger(project=house.project).count() == 1


def test_the_ledger_refuses_a_promotion_without_gate_and_other_moves_without_reason(house):
    model = house.model()
    for values, name in (
        ({"gate_id": None}, "promotion_names_its_gate"),
        ({"kind": "override"}, "other_moves_give_a_reason"),
        ({"kind": "roll_back", "gate_id": None}, "other_moves_give_a_reason"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            move(house, model, **values)
    assert not Alias.objects.exists()


def test_the_newest_predictions_of_a_purpose_are_found(house):
    model = house.model()
    assert predictions_of(model=model) is None
    house.predictions(model, {"a": [1, 0, 0]})
    newer = house.predictions(model, {"a": [0, 1, 0]})
    house.predictions(model, {"a": [0, 0, 1]}, purpose="benchmark")
    assert predictions_of(model=model) == newer
    assert predictions_of(model=model, purpose="cross_fit") is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_an_alias_at_the_same_moment_one_is_told_to_look_again(house):
    models, outcome = [house.model(), house.model()], {}

    def other():
        try:
            move(house, models[1])
        except AliasTaken as taken:
            outcome["second"] = taken
        finally:
            connection.close()

    with transaction.atomic():
        move(house, models[0])
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(1)  # it waits for our row
        assert thread.is_alive()
    thread.join(20)
    assert "look again" in outcome["second"].message
    assert production(project=house.project) == models[0]
    assert AliasMove.objects.count() == 1
