"""A mining run: what it may choose from, the tasks and scores it writes, and what the answers say of the model."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import pytest
from django.db import connection, transaction

from apps.annotation.models import Consensus, Task
from apps.annotation.services.tasks import withdraw_tasks
from apps.calibration.services import add_gold, retire_gold
from apps.core.errors import BadInput, NotAllowed
from apps.core.models import RunState
from apps.core.runs import ClaimLost, UnderWay, cancel, claim, retry, revive
from apps.mining.domain import Policy, choose, signals_of
from apps.mining.models import LatestScore, MiningRun
from apps.mining.queries import frames_of, model_error, yields
from apps.mining.services import AlreadyMining, NothingToMine, record_mining, start_mining
from apps.projects.models import Project
from apps.registry.services import move_alias

pytestmark = pytest.mark.django_db

POLICY = {"audit": 10, "margin": 6, "label_error": 4, "overlap": 1}
SURE, TORN = [0.9, 0.06, 0.04], [0.4, 0.35, 0.25]


@pytest.fixture
def pool(house):
    """Forty unlabelled pool examples, of which six leave the model torn, and ten labelled ones, one wrongly."""
    keys = [f"p{n:02}" for n in range(40)]
    for key in keys:
        house.example(key)
    for n in range(10):
        house.example(f"t{n}", label="8" if n == 4 else "3", split="train")
    house.example("frozen", label="3", split="benchmark")
    probs = {key: TORN if n < 6 else SURE for n, key in enumerate(keys)}
    probs |= {f"t{n}": SURE for n in range(10)}
    return {**probs, "frozen": TORN, "unknown": TORN}


def promoted(house, probs, number=1):
    model = house.model()
    house.predictions(model, probs)
    move_alias(
        project=house.project, name="production", model=model, kind="promote", by=house.lena, at=house.clock,
        gate_id=number,
    )  # fmt: skip
    return model


def mine(house, by=None, **values):
    values.setdefault("policy", POLICY)
    return start_mining(project=house.project, by=by or house.lena, at=house.clock, **values)


def keys_of(run, **filters):
    return sorted(Task.objects.filter(mining_run_id=run.pk, **filters).values_list("example__key", flat=True))


def test_mining_opens_tasks_by_reason_under_the_policy(house, pool):
    model = promoted(house, pool)
    run = house.work(mine(house))
    assert run.frame == 50
    assert run.opened["audit"] == 10
    assert run.opened["margin"] == 6
    audited = set(keys_of(run, reason="audit"))
    assert {f"p{n:02}" for n in range(6)} <= audited | set(keys_of(run, reason="margin"))
    assert "t4" in audited | set(keys_of(run, reason="label_error"))
    for task in Task.objects.filter(mining_run_id=run.pk):
        assert (task.model, task.overlap, task.payload_id) == (model, 1, task.example.payload_id)
        assert task.prediction["label"] == "3"
        assert task.inclusion_probability == (0.2 if task.reason == "audit" else None)


def test_benchmark_gold_and_settled_examples_stand_outside_the_frame(house, pool):
    promoted(house, pool)
    add_gold(project=house.project, labels={"p00": "3", "p01": "3"}, by=house.lena, at=house.clock)
    retire_gold(
        project=house.project,
        gold_id=house.project.gold.get(example__key="p01").pk,
        by=house.lena,
        at=house.clock,
    )
    house.task("p02", overlap=1)
    house.submit(house.erin, "5")
    run = house.work(mine(house, policy={**POLICY, "audit": 1_000}))
    asked = set(keys_of(run, reason="audit"))
    assert run.frame == 48
    assert asked == set(pool) - {"frozen", "unknown", "p00", "p02"}
    assert keys_of(run, reason="gold") == ["p00"]


def test_gold_shows_the_models_prediction_like_every_other_task(house, pool):
    model = promoted(house, pool)
    add_gold(project=house.project, labels={"p00": "5"}, by=house.lena, at=house.clock)
    run = house.work(mine(house))
    gold = Task.objects.get(mining_run_id=run.pk, reason="gold")
    assert (gold.model, gold.prediction["label"]) == (model, "3")
    assert run.opened["gold"] == 1
    assert run.tasks_opened == sum(run.opened.values()) - 1


def test_the_same_seed_asks_the_same_and_another_audits_others(house, pool):
    promoted(house, pool)
    picks = []
    for seed in (5, 5, 6):
        run = house.work(mine(house, seed=seed))
        rows = Task.objects.filter(mining_run_id=run.pk).order_by("-priority")
        picks.append(list(rows.values_list("example__key", "reason", "priority")))
        withdraw_tasks(tasks=rows.order_by("pk"), by=None, at=house.clock, why="test")
    assert picks[0] == picks[1]
    assert {row[:2] for row in picks[0]} != {row[:2] for row in picks[2]}


def test_reasons_are_mixed_in_the_queue(house, pool):
    promoted(house, pool)
    run = house.work(mine(house, policy={**POLICY, "audit": 20}))
    reasons = list(
        Task.objects.filter(mining_run_id=run.pk).order_by("-priority").values_list("reason", flat=True)
    )
    changes = sum(a != b for a, b in pairwise(reasons))
    assert changes > len(set(reasons))


def test_latest_scores_are_replaced_by_a_newer_run(house, pool):
    promoted(house, pool)
    house.work(mine(house))
    before = LatestScore.objects.get(example__key="p10")
    assert (before.predicted, before.log_odds, before.suspect) == ("3", None, False)
    assert LatestScore.objects.filter(suspect=True).get().example.key == "t4"
    promoted(house, {**pool, "p10": [0.1, 0.8, 0.1]}, number=2)
    house.work(mine(house))
    after = LatestScore.objects.get(example__key="p10")
    assert (after.predicted, after.confidence) == ("5", pytest.approx(0.8, abs=1e-6))
    assert LatestScore.objects.count() == 50


def test_mining_fails_with_a_sentence_when_nothing_is_left(house):
    house.example("only")
    promoted(house, {"only": SURE})
    house.task("only", overlap=1)
    house.submit(house.erin)
    run = house.work(mine(house), ends=RunState.FAILED)
    assert "nothing left to mine" in run.error


def test_mining_needs_a_protocol_a_model_and_its_predictions(house, pool):
    with pytest.raises(NothingToMine, match="No model is in production yet"):
        mine(house)
    bare = Project.objects.create(slug="bare", name="Bare", created_at=house.clock)
    bare.memberships.create(person=house.lena, role="lead", created_at=house.clock)
    with pytest.raises(BadInput, match="protocol"):
        start_mining(project=bare, by=house.lena, at=house.clock)


def test_only_pool_predictions_of_this_project_can_be_named(house, pool):
    model = house.model()
    other = house.predictions(model, {"frozen": SURE}, purpose="benchmark")
    for number in (other.pk, 10**9):
        with pytest.raises(BadInput) as refused:
            mine(house, prediction_set=number)
        assert refused.value.detail["field"] == "prediction_set"
    named = house.predictions(model, pool)
    assert mine(house, prediction_set=named.pk).prediction_set == named


def test_experts_and_admins_do_not_mine(house, pool):
    promoted(house, pool)
    for person in (house.erin, house.ada):
        with pytest.raises(NotAllowed):
            mine(house, by=person)
    assert not MiningRun.objects.exists()


def test_a_run_taken_over_opens_nothing(house, pool):
    promoted(house, pool)
    silent = claim(MiningRun, mine(house).pk, at=house.clock)
    (frame, gold), rng = frames_of(silent), np.random.default_rng(0)
    signals = signals_of(frame)
    picks = choose(frame, signals, Policy.parse(POLICY), rng)
    revive(MiningRun.objects.get(), at=house.later(hours=1))
    claim(MiningRun, silent.pk, at=house.clock)
    with pytest.raises(ClaimLost):
        record_mining(
            run=silent, frame=frame, gold=gold, signals=signals, picks=picks, at=house.clock, rng=rng
        )
    assert not Task.objects.exists()


def test_a_second_run_waits_until_the_first_is_over(house, pool):
    promoted(house, pool)
    first = mine(house)
    with pytest.raises(AlreadyMining, match=f"Mining run {first.pk} is queued"):
        mine(house, by=house.luis)
    cancel(run=first, by=house.lena, at=house.clock)
    second = mine(house, by=house.luis)
    with pytest.raises(UnderWay, match="under way"):
        retry(run=first, by=house.lena, at=house.clock)
    house.work(second)
    retry(run=first, by=house.lena, at=house.clock)
    assert MiningRun.objects.get(state=RunState.QUEUED) == first


def test_what_people_are_being_asked_is_not_asked_again(house, pool):
    promoted(house, pool)
    first = house.work(mine(house))
    asked = set(keys_of(first))
    house.task("p39", overlap=2)
    house.submit(house.erin, "3")
    house.submit(house.emil, "5")
    again = house.work(mine(house, policy={**POLICY, "audit": 1_000}))
    assert again.frame == 50 - len(asked | {"p39"})
    assert not set(keys_of(again)) & (asked | {"p39"})


def test_gold_that_people_had_settled_before_still_shows_a_prediction(house, pool):
    promoted(house, pool)
    house.task("p00", overlap=1)
    house.submit(house.erin, "3")
    add_gold(project=house.project, labels={"p00": "3"}, by=house.lena, at=house.clock)
    run = house.work(mine(house))
    assert Task.objects.get(mining_run_id=run.pk, reason="gold").prediction["label"] == "3"


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_start_mining_at_the_same_moment_one_is_refused(house, pool):
    promoted(house, pool)
    outcome = {}

    def other():
        try:
            outcome["second"] = mine(house, by=house.luis)
        except AlreadyMining as refused:
            outcome["second"] = refused
        finally:
            connection.close()

    with transaction.atomic():
        mine(house)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(1)  # it waits for us, or it has started a run behind our back
        assert thread.is_alive()
    thread.join(20)
    assert isinstance(outcome["second"], AlreadyMining)
    assert MiningRun.objects.count() == 1


def answer_all(house, run, wrong=()):
    """Erin answers every task of the run: 5 where the model is wrong, else its 3."""
    while (lease := house.lease(house.erin)) is not None:
        label = "5" if lease.task.example.key in wrong else "3"
        house.submit(house.erin, label)


def test_yields_say_what_each_reason_has_brought(house, pool):
    promoted(house, pool)
    run = house.work(mine(house, policy={**POLICY, "audit": 1}))
    assert all(row.closed == 0 for row in yields(run=run))
    margin = keys_of(run, reason="margin")
    answer_all(house, run, wrong=margin[:2])
    found = {row.reason: row for row in yields(run=run)}
    assert (found["margin"].opened, found["margin"].closed) == (len(margin), len(margin))
    assert (found["margin"].model_errors, found["margin"].label_errors) == (2, 0)
    suspects = [found[reason].label_errors for reason in ("label_error", "audit")]
    assert sum(suspects) == 1


def test_the_error_is_unknown_before_the_audit_has_answers(house, pool):
    promoted(house, pool)
    run = house.work(mine(house))
    assert model_error(run=run) is None


def test_a_census_gives_the_error_exactly(house, pool):
    promoted(house, pool)
    run = house.work(mine(house, policy={"audit": 50, "margin": 0, "label_error": 0, "overlap": 1}))
    wrong = {"p00", "p07", "p20", "t1", "t4"}
    answer_all(house, run, wrong=wrong)
    assert model_error(run=run).estimate == pytest.approx(5 / 50)


def test_hard_picks_do_not_bias_the_estimate(house, pool):
    """Over many seeds the mean estimate is the truth, though every mined margin is an error."""
    promoted(house, pool)
    wrong = {f"p{n:02}" for n in range(6)} | {"p30", "p31"}
    estimates = []
    for seed in range(30):
        run = house.work(mine(house, seed=seed))
        settle(house, run, wrong)
        found = model_error(run=run)
        assert found.low <= found.estimate <= found.high
        estimates.append(found.estimate)
        forget(run)
    spread = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - 8 / 50) < 3 * spread
    assert np.mean(estimates) < 0.25  # the share of errors among all answers is far above


def settle(house, run, wrong):
    """Close the run's tasks as people would have, without their clicks: thirty runs are many."""
    for task in Task.objects.filter(mining_run_id=run.pk).select_related("example"):
        label = "5" if task.example.key in wrong else "3"
        Consensus.objects.create(
            task=task, example=task.example, label=label, condition="clear", posterior={label: 1.0},
            method="vote", sources=[], at=house.clock,
        )  # fmt: skip
    Task.objects.filter(mining_run_id=run.pk).update(state="agreed")


def forget(run):
    """Take the run's beliefs back, so that the next seed mines the same frame."""
    Task.objects.filter(mining_run_id=run.pk).update(state="withdrawn")


def test_an_old_model_is_mined_under_the_labels_of_today(house, pool):
    promoted(house, pool)
    house.rename("odd", "8", **{"3": "odd", "5": "odd"})
    run = house.work(mine(house))
    frame, _ = frames_of(run)
    assert frame.classes == ["odd", "8"]
    torn = Task.objects.filter(mining_run_id=run.pk, example__key="p00").first()
    assert torn is None or torn.prediction["label"] == "odd"
    wrong = Task.objects.get(example__key="t4")
    assert (wrong.given_label, wrong.prediction["label"]) == ("8", "odd")
    assert wrong.prediction["top"][0] == ["odd", pytest.approx(0.96)]
