"""From an approved proposal to a judged model: queued once, followed, recorded once; once with the real learner."""

from __future__ import annotations

import pyarrow as pa
import pytest

from apps.core.errors import BadInput, NotAllowed, NotFound
from apps.core.models import RunState
from apps.core.runs import ClaimLost, claim
from apps.core.store import read_table, write_table
from apps.curricula.models import CurriculumVersion
from apps.curricula.services import approve_proposal, start_proposal
from apps.datasets.services import start_snapshot
from apps.mining.queries import frame_of
from apps.mining.services import start_mining
from apps.registry.models import ModelVersion, PredictionSet
from apps.registry.services import queue_prediction
from apps.training.models import Gate, TrainingRun
from apps.training.services.gates import promote
from apps.training.services.runs import (
    LOG_KEPT,
    NotApproved,
    add_recipe,
    note_epoch,
    note_log,
    record_training,
    start_training,
)
from workers.jobs.tables import PREDICTIONS

pytestmark = pytest.mark.django_db

RECIPE = {"learner": "text-ngrams", "params": {"buckets": 1024}, "budget_seconds": 60, "cross_fit": 2}


@pytest.fixture
def proposal(house):
    for n in range(12):
        house.example(f"t{n:02}", label="358"[n % 3], split="train")
    dataset = house.work(start_snapshot(project=house.project, by=house.lena, at=house.clock)).dataset
    run = start_proposal(project=house.project, dataset=dataset, by=house.lena, at=house.clock)
    return house.work(run).proposal


def approve(house, proposal):
    digest = proposal.curriculum.digest
    approve_proposal(
        proposal_id=proposal.pk, project=house.project, by=house.luis, digest=digest, at=house.clock
    )


def start(house, proposal, **values):
    return start_training(proposal_id=proposal.pk, at=house.clock, **values)


@pytest.fixture
def ready(house, proposal):
    add_recipe(project=house.project, by=house.lena, at=house.clock, **RECIPE)
    approve(house, proposal)
    return proposal


@pytest.fixture
def held(house, ready):
    """The training run, claimed by a worker."""
    return claim(TrainingRun, start(house, ready).pk, at=house.clock)


def test_only_an_approved_proposal_is_trained(house, proposal):
    add_recipe(project=house.project, by=house.lena, at=house.clock, **RECIPE)
    with pytest.raises(NotApproved):
        start(house, proposal)
    with pytest.raises(NotFound):
        start_training(proposal_id=10**9, at=house.clock)


def test_training_asked_twice_starts_once(house, ready):
    first = start(house, ready)
    assert start(house, ready, by=house.lena, seed=7) == first
    assert TrainingRun.objects.count() == 1
    assert (first.curriculum, first.base, first.created_by) == (ready.curriculum, None, house.luis)


def test_training_needs_a_recipe_and_a_lead(house, proposal):
    approve(house, proposal)
    with pytest.raises(BadInput, match="recipe"):
        start(house, proposal)
    with pytest.raises(NotAllowed):
        start(house, proposal, by=house.erin)
    assert not TrainingRun.objects.exists()


def test_the_newest_recipe_is_used_and_older_ones_stay(house, ready):
    newer = add_recipe(
        project=house.project, by=house.lena, at=house.clock, learner="text-ngrams", cross_fit=3
    )
    assert newer.version == 2
    assert start(house, ready).recipe == newer
    assert house.project.recipes.get(version=1).params == RECIPE["params"]


def test_a_bad_recipe_is_refused(house):
    with pytest.raises(BadInput, match="object"):
        add_recipe(project=house.project, by=house.lena, at=house.clock, learner="x", params=[1])
    with pytest.raises(NotAllowed):
        add_recipe(project=house.project, by=house.ada, at=house.clock, **RECIPE)


def epoch(done, phase="fit", loss=1.0):
    return {"phase": phase, "done": done, "loss": loss}


def test_a_resumed_run_overwrites_the_epochs_it_repeats(house, held):
    for done in (1, 2, 3):
        note_epoch(run=held, entry=epoch(done))
    note_epoch(run=held, entry=epoch(1, phase="cross_fit"))
    note_epoch(run=held, entry=epoch(2, loss=0.5))
    held.refresh_from_db()
    assert [(p["phase"], p["done"], p["loss"]) for p in held.curve] == [
        ("fit", 1, 1.0),
        ("cross_fit", 1, 1.0),
        ("fit", 2, 0.5),
    ]


def test_the_end_of_a_long_log_is_kept(house, held):
    note_log(run=held, text="x" * LOG_KEPT + "the end")
    held.refresh_from_db()
    assert len(held.log) == LOG_KEPT
    assert held.log.endswith("the end")


def test_a_worker_that_was_taken_over_writes_no_curve_log_or_model(house, held):
    house.freeze(6)
    TrainingRun.objects.filter(pk=held.pk).update(claim=None)
    note_epoch(run=held, entry=epoch(1))
    note_log(run=held, text="late")
    with pytest.raises(ClaimLost):
        record(house, held)
    held.refresh_from_db()
    assert (held.curve, held.log) == ([], "")
    assert not ModelVersion.objects.exists()


def record(house, held):
    rows = [
        {"key": e.key, "probs": [0.9, 0.05, 0.05], "fold": -1}
        for e in house.project.examples.filter(split="benchmark").order_by("key")
    ]
    batches = pa.Table.from_pylist(rows, schema=PREDICTIONS).to_batches()
    tables = {"benchmark": write_table("predictions", batches, schema=PREDICTIONS)}
    report = {"slices": {"all": 0.5}, "drift": {"kl": 0.1}, "resources": {}, "extra": 1}
    return record_training(run=held, digest="weights", report=report, tables=tables, at=house.clock)


def test_a_finished_run_registers_its_model_and_has_it_judged(house, held):
    house.freeze(30)
    model = record(house, held)
    held.refresh_from_db()
    assert (held.state, held.model) == (RunState.DONE, model)
    assert (model.number, model.training_run_id, model.classes) == (1, held.pk, ["3", "5", "8"])
    assert model.curriculum_digest == held.curriculum.digest
    assert set(model.metrics) == {"slices", "drift", "resources"}
    assert Gate.objects.get().candidate == model
    assert held.report["extra"] == 1


def test_a_run_whose_gate_cannot_be_judged_registers_nothing(house, held):
    with pytest.raises(BadInput, match="benchmark"):
        record_training(run=held, digest="weights", report={}, tables={}, at=house.clock)
    held.refresh_from_db()
    assert held.state == RunState.RUNNING
    assert not ModelVersion.objects.exists()


def test_training_without_a_benchmark_fails_with_the_mend(house, ready):
    run = house.work(start(house, ready), ends=RunState.FAILED)
    assert "Freeze one before training" in run.error


def test_the_real_learner_trains_predicts_and_the_next_round_mines(house, ready):
    house.freeze(30)
    house.example("p1")
    run = house.work(start(house, ready))
    model, gate = run.model, Gate.objects.get()
    assert gate.candidate == model
    assert run.curve
    assert run.report
    purposes = dict(model.prediction_sets.values_list("purpose", "rows"))
    assert purposes == {"benchmark": 30, "cross_fit": 12}
    Gate.objects.update(verdict="pass")  # texts told apart by nothing cannot clear a floor
    promote(gate_id=gate.pk, project=house.project, by=house.lena, at=house.clock)
    predicted = house.work(model.prediction_runs.get()).prediction_set
    kept = {row["key"]: row["fold"] for row in read_table("predictions", predicted.digest).to_pylist()}
    assert kept.pop("p1") == -1
    assert set(kept.values()) == {0, 1}
    mined = start_mining(project=house.project, by=house.lena, at=house.clock)
    assert len(frame_of(mined).example_ids) == 13


def test_predicting_without_examples_fails_with_a_sentence(house):
    run = queue_prediction(model=house.model(), by=house.lena, at=house.clock)
    assert "nothing to predict" in house.work(run, ends=RunState.FAILED).error
    assert not PredictionSet.objects.exists()
    assert not CurriculumVersion.objects.exists()
