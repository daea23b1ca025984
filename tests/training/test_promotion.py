"""Into production only through a passed gate or two leads, back in one step, and all of it in the ledger."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.core.errors import BadInput, IllegalMove, NotAllowed, NotFound
from apps.core.models import Event
from apps.core.store import read_table
from apps.registry.models import Alias, AliasMove, ModelVersion, PredictionRun
from apps.registry.queries import ledger, production
from apps.training.models import Benchmark, Gate, GateState
from apps.training.queries import NotMeasured
from apps.training.services.gates import (
    BaselineMoved,
    GateNotPassed,
    SecondLeadNeeded,
    ask_override,
    freeze_benchmark,
    judge_candidate,
    promote,
    reject,
    roll_back,
)

pytestmark = pytest.mark.django_db

REASON = "The benchmark is too small to tell."


def act(house, service, gate, by, **values):
    return service(gate_id=gate.pk, project=house.project, by=by, at=house.later(minutes=1), **values)


def back(house, by=None, reason="It broke on Mondays.", **values):
    return roll_back(project=house.project, by=by or house.lena, reason=reason, at=house.clock, **values)


def judged(house, right, **values):
    """A candidate right on `right` of 120 benchmark examples, and its gate."""
    model = house.measured(lambda i: i < right, **values)
    return judge_candidate(candidate=model, at=house.clock)[0]


@pytest.fixture
def first(house):
    """Version 1, right on 90 of 120, in production."""
    house.freeze()
    gate = judged(house, 90, curriculum_digest="curriculum 1")
    act(house, promote, gate, house.lena)
    return gate.candidate


@pytest.fixture
def good(house, first):
    return judged(house, 114, curriculum_digest="curriculum 2")


@pytest.fixture
def unsure(house, first):
    """One answer worse than production: within no margin, and not shown to be outside."""
    return judged(house, 89)


def test_a_candidate_is_compared_with_the_model_in_production(house, first, good):
    assert (good.baseline, good.verdict, good.state) == (first, "pass", GateState.JUDGED)
    floor = next(check for check in good.checks if check["kind"] == "floor")
    assert (floor["n"], floor["estimate"]) == (120, 0.95)


def test_subgroups_of_the_protected_attribute_are_judged_one_by_one(house):
    house.freeze(protected="half", slice_floor=0.1)
    (old,) = judge_candidate(candidate=house.measured(lambda i: i % 4 > 0), at=house.clock)
    act(house, promote, old, house.lena)
    (gate,) = judge_candidate(candidate=house.measured(lambda i: i % 4 != 1), at=house.clock)
    names = {check["name"]: check["verdict"] for check in gate.checks if check["kind"] == "noninferiority"}
    assert set(names) == {"overall", "half: even", "half: odd"}
    assert (names["half: odd"], names["half: even"]) == ("fail", "pass")
    assert gate.verdict == "fail"


def test_a_passed_candidate_goes_into_production_with_its_curriculum(house, good):
    line = act(house, promote, good, house.luis, note="Corrections help.")
    alias = Alias.objects.get(project=house.project)
    assert (alias.model, alias.curriculum_digest) == (good.candidate, "curriculum 2")
    assert (line.kind, line.gate_id, line.by) == ("promote", good.pk, house.luis)
    assert (line.from_curriculum, line.to_curriculum) == ("curriculum 1", "curriculum 2")
    good.refresh_from_db()
    assert (good.state, good.decided_by, good.decision_note) == ("promoted", house.luis, "Corrections help.")
    assert Event.objects.filter(kind="alias.promote").count() == 2


def test_judging_again_changes_nothing_while_nobody_has_decided(client, house, good):
    client.force_login(house.lena)
    for _ in range(5):
        answer = client.post(f"/p/digits/models/{good.candidate.number}/judge/", follow=True)

    assert Gate.objects.filter(candidate=good.candidate).count() == 1
    assert "that verdict stands" in answer.content.decode()


def test_a_rolled_back_candidate_is_judged_anew_and_promoted_again(house, good):
    act(house, promote, good, house.lena)
    back(house)

    (again,) = judge_candidate(candidate=good.candidate, at=house.later(minutes=1))
    act(house, promote, again, house.luis)

    assert again != good
    assert production(project=house.project) == good.candidate


def test_promoting_queues_the_predictions_the_next_round_mines(house, good):
    act(house, promote, good, house.lena)
    assert PredictionRun.objects.first().model == good.candidate


def test_a_candidate_is_promoted_once(house, good):
    act(house, promote, good, house.lena)
    with pytest.raises(BaselineMoved):
        act(house, promote, good, house.luis)
    assert ledger(project=house.project).count() == 2


def test_a_gate_that_did_not_pass_promotes_nothing(house, first, unsure):
    failed = judged(house, 60)
    assert (unsure.verdict, failed.verdict) == ("not_enough_evidence", "fail")
    for gate in (unsure, failed):
        with pytest.raises(GateNotPassed, match=gate.verdict.replace("_", " ")):
            act(house, promote, gate, house.lena)
    assert production(project=house.project) == first


def test_two_leads_may_override_the_gate_with_a_reason(house, unsure):
    with pytest.raises(BadInput, match="Say why"):
        act(house, ask_override, unsure, house.lena, reason=" ")
    act(house, ask_override, unsure, house.lena, reason=REASON)
    with pytest.raises(SecondLeadNeeded):
        act(house, promote, unsure, house.lena)
    line = act(house, promote, unsure, house.luis)
    assert (line.kind, line.reason, line.gate_id) == ("override", REASON, unsure.pk)
    assert production(project=house.project) == unsure.candidate


def test_a_passed_gate_needs_no_override(house, good):
    with pytest.raises(BadInput, match="without an override"):
        act(house, ask_override, good, house.lena, reason=REASON)


def test_an_override_cannot_be_asked_of_a_gate_that_is_decided(house, unsure):
    act(house, ask_override, unsure, house.lena, reason=REASON)
    act(house, promote, unsure, house.luis)
    with pytest.raises(IllegalMove):
        act(house, ask_override, unsure, house.luis, reason="Me too.")
    unsure.refresh_from_db()
    assert unsure.override_by == house.lena


def test_the_database_refuses_a_promotion_without_pass_or_second_lead(house, unsure):
    for values in (
        {"decided_by": house.lena},
        {"decided_by": house.lena, "override_by": house.luis, "override_reason": ""},
        {"decided_by": house.lena, "override_by": house.lena, "override_reason": REASON},
        {"decided_by": None, "override_by": house.lena, "override_reason": REASON},
    ):
        with pytest.raises(IntegrityError, match="two_leads"), transaction.atomic():
            Gate.objects.filter(pk=unsure.pk).update(state="promoted", **values)


def test_a_gate_that_compared_with_an_older_model_promotes_nothing(house, good):
    other = judged(house, 116)
    act(house, promote, other, house.lena)
    with pytest.raises(BaselineMoved, match="Judge the candidate again"):
        act(house, promote, good, house.lena)
    (again,) = judge_candidate(candidate=good.candidate, at=house.clock)
    assert again.baseline == other.candidate


def test_the_model_in_production_is_not_judged_against_itself(house, first):
    with pytest.raises(BadInput, match="in production already"):
        judge_candidate(candidate=first, at=house.clock)


def test_a_model_that_was_not_measured_cannot_be_judged(house, first):
    with pytest.raises(NotMeasured):
        judge_candidate(candidate=house.model(), at=house.clock)


def test_a_rejected_candidate_stays_out_and_says_why(house, first, good):
    with pytest.raises(BadInput, match="Say why"):
        act(house, reject, good, house.lena, reason="")
    act(house, reject, good, house.lena, reason="Not on a Friday.")
    with pytest.raises(IllegalMove):
        act(house, promote, good, house.lena)
    good.refresh_from_db()
    assert (good.state, good.decision_note) == ("rejected", "Not on a Friday.")
    assert production(project=house.project) == first


def test_rolling_back_moves_model_and_curriculum_together(house, first, good):
    act(house, promote, good, house.lena)
    line = back(house)
    alias = Alias.objects.get(project=house.project)
    assert (alias.model, alias.curriculum_digest) == (first, "curriculum 1")
    assert (line.kind, line.from_model, line.to_model) == ("roll_back", good.candidate, first)
    assert (line.from_curriculum, line.to_curriculum) == ("curriculum 2", "curriculum 1")
    assert line.reason == "It broke on Mondays."


def test_rolling_back_step_by_step_ends_at_the_first_model(house, first, good):
    act(house, promote, good, house.lena)
    third = judged(house, 118)
    act(house, promote, third, house.lena)
    assert back(house).to_model == good.candidate
    assert back(house).to_model == first
    with pytest.raises(BadInput, match="nothing before"):
        back(house)


def test_after_a_roll_back_the_loop_goes_on_from_the_older_model(house, first, good):
    act(house, promote, good, house.lena)
    back(house)
    third = judged(house, 118)
    assert third.baseline == first
    act(house, promote, third, house.lena)
    assert back(house).to_model == first


def test_rolling_back_needs_a_reason_a_lead_and_something_to_roll_back(house, first):
    with pytest.raises(BadInput, match="Say why"):
        back(house, reason=" ")
    for person in (house.erin, house.ada):
        with pytest.raises(NotAllowed):
            back(house, by=person)
    with pytest.raises(NotFound):
        back(house, name="staging")


def test_only_leads_decide_and_only_in_their_project(house, good):
    for person in (house.erin, house.ada):
        for service, values in ((promote, {}), (reject, {"reason": "x"}), (ask_override, {"reason": "x"})):
            with pytest.raises(NotAllowed):
                act(house, service, good, person, **values)
    with pytest.raises(NotFound):
        act(house, promote, good, house.sam)


def test_a_frozen_benchmark_does_not_change_with_its_examples(house):
    benchmark = house.freeze(6)
    house.example("later", label="3", split="benchmark")
    house.project.examples.filter(key="bench0000").update(label="8")
    rows = read_table("benchmarks", benchmark.digest).to_pylist()
    assert len(rows) == benchmark.rows == 6
    assert rows[0]["label"] == "3"
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        Benchmark.objects.update(plan={})


def freeze(house, name="second", plan=None):
    return freeze_benchmark(project=house.project, name=name, plan=plan, by=house.lena, at=house.clock)


def test_a_benchmark_that_cannot_judge_is_refused(house):
    with pytest.raises(BadInput, match="split"):
        freeze(house)
    house.example("alien", label="seven", split="benchmark")
    with pytest.raises(BadInput, match="alien"):
        freeze(house)
    house.project.examples.update(label="3")
    for name in ("", "n" * 81):
        with pytest.raises(BadInput) as refused:
            freeze(house, name=name)
        assert refused.value.detail["field"] == "name"
    with pytest.raises(BadInput, match="alpha"):
        freeze(house, plan={"alpha": 0.9})
    freeze(house)
    with pytest.raises(BadInput, match="already"):
        freeze(house)


def test_a_class_added_to_the_protocol_does_not_stop_the_comparison(house):
    benchmark = house.freeze()
    old = house.model(classes=["3", "5"])
    rows = {example.key: [0.9, 0.1] for example in house.project.examples.all()}
    house.predictions(old, rows, purpose="benchmark", benchmark=benchmark.digest)
    Alias.objects.create(project=house.project, name="production", model=old, moved_at=house.clock)
    gate = judged(house, 114)
    check = next(check for check in gate.checks if check["kind"] == "noninferiority")
    assert check["detail"]["baseline"] == pytest.approx(1 / 3)


@pytest.mark.django_db(transaction=True)
def test_of_two_promotions_at_the_same_moment_one_wins(house):
    house.freeze()
    gate = judged(house, 90)
    act(house, promote, gate, house.lena)
    rivals = [judged(house, 110), judged(house, 114)]
    outcome = {}

    def other():
        try:
            outcome["second"] = act(house, promote, rivals[1], house.luis)
        except BaselineMoved as moved:
            outcome["second"] = moved
        finally:
            connection.close()

    with transaction.atomic():
        act(house, promote, rivals[0], house.lena)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(1)  # it waits for us, or it has promoted behind our back
        assert thread.is_alive()
    thread.join(20)
    assert isinstance(outcome["second"], BaselineMoved)
    assert production(project=house.project) == rivals[0].candidate
    assert AliasMove.objects.count() == 2
    assert ModelVersion.objects.count() == 3
