"""The gate's verdict on constructed outcomes: pass, fail and not enough evidence, each for its reason."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from apps.core.errors import BadInput
from apps.training.domain import GatePlan, Outcome, combine, judge

N = 400
PLAN = GatePlan(superiority=False)


def outcome(right, *, sure=0.8, n=N):
    """Right on the rows of `right` (a mask or how many of the first), giving its answer `sure`."""
    mask = np.asarray(right) if np.ndim(right) else np.arange(n) < right
    labels = np.arange(len(mask)) % 3
    probs = np.full((len(mask), 3), (1 - sure) / 2)
    probs[np.arange(len(mask)), np.where(mask, labels, (labels + 1) % 3)] = sure
    return Outcome(labels, probs)


def verdict(candidate, baseline, *, plan=PLAN, **slices):
    return judge(candidate, baseline, slices=slices, plan=plan)


def line(checks, name, kind):
    (found,) = [check for check in checks if (check.name, check.kind) == (name, kind)]
    return found


def test_the_first_model_only_has_floors_to_clear():
    said, checks = verdict(outcome(360), None)
    assert said == "pass"
    assert {check.kind for check in checks} == {"floor"}


def test_a_better_candidate_passes_every_check():
    said, checks = verdict(outcome(380), outcome(340), plan=GatePlan())
    assert said == "pass"
    assert {check.kind for check in checks} == {"floor", "noninferiority", "calibration", "superiority"}
    better = line(checks, "overall", "noninferiority")
    assert better.estimate == pytest.approx(0.1)
    assert better.low > 0
    assert (better.detail["baseline"], better.detail["candidate"]) == (0.85, 0.95)


def test_a_worse_candidate_fails():
    said, checks = verdict(outcome(300), outcome(360))
    assert said == "fail"
    assert line(checks, "overall", "noninferiority").verdict == "fail"


def test_an_equal_candidate_is_no_worse_but_not_shown_to_be_better():
    same = outcome(360)
    assert verdict(same, same)[0] == "pass"
    said, checks = verdict(same, same, plan=GatePlan())
    assert said == "not_enough_evidence"
    assert line(checks, "overall", "superiority").verdict == "not_enough_evidence"


def test_the_same_gain_on_few_rows_is_not_enough_evidence():
    many = verdict(outcome(380), outcome(360), plan=GatePlan())[0]
    few = verdict(outcome(19, n=20), outcome(18, n=20), plan=GatePlan())[0]
    assert (many, few) == ("pass", "not_enough_evidence")


def test_a_dropped_subgroup_fails_though_the_whole_is_better():
    small = np.arange(N) >= 320
    baseline = outcome(np.where(small, True, np.arange(N) % 5 > 0))
    candidate = outcome(np.where(small, np.arange(N) % 2 == 0, True))
    said, checks = verdict(candidate, baseline, **{"lang: sw": small, "lang: en": ~small})
    assert candidate.correct.mean() > baseline.correct.mean()
    assert said == "fail"
    assert line(checks, "lang: sw", "noninferiority").verdict == "fail"
    assert line(checks, "lang: en", "noninferiority").verdict == "pass"


def test_a_subgroup_too_small_to_judge_is_said_to_be():
    tiny = np.arange(N) >= N - 6
    said, checks = verdict(outcome(np.ones(N, bool)), outcome(np.ones(N, bool)), **{"lang: sw": tiny})
    assert said == "not_enough_evidence"
    found = line(checks, "lang: sw", "noninferiority")
    assert (found.n, found.verdict) == (6, "not_enough_evidence")


@pytest.mark.parametrize(("right", "said"), [(380, "pass"), (300, "fail"), (364, "not_enough_evidence")])
def test_a_floor_is_cleared_missed_or_undecided_by_its_whole_interval(right, said):
    found = line(verdict(outcome(right), None, plan=GatePlan(floor=0.9))[1], "overall", "floor")
    assert found.verdict == said
    assert found.low < right / N < found.high
    assert found.threshold == 0.9


def test_a_missed_subgroup_floor_fails_the_first_model_too():
    small = np.arange(N) < 100
    said, _ = verdict(outcome(~small), None, **{"lang: sw": small})
    assert said == "fail"


def test_truer_answers_with_falser_probabilities_fail():
    said, checks = verdict(outcome(370, sure=0.4), outcome(360, sure=0.9))
    assert line(checks, "overall", "noninferiority").verdict == "pass"
    assert line(checks, "probabilities", "calibration").verdict == "fail"
    assert said == "fail"


def test_a_class_a_model_does_not_know_is_an_error_of_it():
    labels = np.array([0, 1, -1])
    known = Outcome(labels, np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]]))
    assert known.correct.tolist() == [True, True, False]
    assert known.brier == pytest.approx([0.02, 0.02, 1 + 0.82])


def test_one_failure_outweighs_all_else_and_doubt_outweighs_passing():
    assert combine(["pass", "not_enough_evidence", "fail"]) == "fail"
    assert combine(["pass", "not_enough_evidence"]) == "not_enough_evidence"
    assert combine(["pass"]) == "pass"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_smallest_benchmarks_give_numbers_that_can_be_kept(n):
    said, checks = verdict(outcome(n, n=n), outcome(n, n=n), plan=GatePlan())
    assert said == "not_enough_evidence"
    json.dumps([asdict(check) for check in checks], allow_nan=False)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"margins": 0.1}, "margins"),
        ({"margin": 0}, "margin"),
        ({"margin": 1}, "margin"),
        ({"margin": "0.1"}, "margin"),
        ({"brier_margin": 0}, "brier_margin"),
        ({"slice_margin": True}, "slice_margin"),
        ({"alpha": 0}, "alpha"),
        ({"alpha": 0.5}, "alpha"),
        ({"floor": -0.1}, "floor"),
        ({"slice_floor": float("nan")}, "slice_floor"),
        ({"superiority": "yes"}, "superiority"),
        ({"protected": 5}, "protected"),
        (["margin"], "plan"),
    ],
)
def test_a_plan_that_could_not_be_judged_by_is_refused_by_its_field(values, field):
    with pytest.raises(BadInput) as refused:
        GatePlan.parse(values)
    assert refused.value.detail["field"] == field


def test_a_plan_has_defaults_and_a_digest_of_plan_and_benchmark():
    assert GatePlan.parse(None) == GatePlan()
    assert GatePlan.parse({"floor": 0}).floor == 0
    assert GatePlan().digest("a") != GatePlan().digest("b")
    assert GatePlan().digest("a") != GatePlan(margin=0.03).digest("a")
