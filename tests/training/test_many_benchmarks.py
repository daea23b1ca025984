"""Several benchmarks: each has its gate, all have to pass, and they are decided on together."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.core.errors import BadInput
from apps.core.runs import claim, revive
from apps.registry.models import PredictionRun
from apps.registry.queries import production
from apps.registry.services import record_prediction
from apps.training.models import Benchmark, Gate, TrainingRun
from apps.training.queries import NotMeasured, benchmark_results
from apps.training.services.gates import (
    GateNotPassed,
    SecondLeadNeeded,
    ask_override,
    freeze_benchmark,
    judge_candidate,
    promote,
    reject,
)
from apps.training.services.runs import finish_training, record_training
from tests.conftest import House
from tests.turn import FROZEN, Turn, stored

pytestmark = pytest.mark.django_db


def freeze(house: House, name: str, **plan: Any) -> Benchmark:
    values = {
        "floor": 0.3,
        "slice_floor": 0.3,
        "margin": 0.1,
        "brier_margin": 0.1,
        "superiority": False,
        **plan,
    }
    return freeze_benchmark(project=house.project, name=name, plan=values, by=house.lena, at=house.clock)


def act(house: House, service: Any, gate: Gate, person: str, **values: Any) -> Any:
    who = house.people[person]
    return service(gate_id=gate.pk, project=house.project, by=who, at=house.later(minutes=1), **values)


@pytest.fixture
def split(house: House) -> list[Gate]:
    """A candidate right on 108 of 120: it passes on `frozen`, and misses the floor of `a strict one`."""
    house.freeze()
    freeze(house, "a strict one", floor=0.99)
    return judge_candidate(candidate=house.measured(lambda i: i < 108), at=house.clock)


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def test_each_benchmark_has_its_verdict_and_one_failure_fails_the_whole(split: list[Gate]) -> None:
    assert {gate.benchmark.name: gate.verdict for gate in split} == {"a strict one": "fail", "frozen": "pass"}
    assert {gate.overall for gate in split} == {"fail"}
    assert len({gate.judgement for gate in split}) == 1


def test_a_pass_on_one_benchmark_promotes_nothing_when_another_fails(house: House, split: list[Gate]) -> None:
    for gate in split:
        with pytest.raises(GateNotPassed):
            act(house, promote, gate, "luis")
    assert production(project=house.project) is None


def test_too_little_evidence_on_one_benchmark_is_too_little_for_the_whole(house: House) -> None:
    house.freeze()
    freeze(house, "close", floor=0.9)
    gates = judge_candidate(candidate=house.measured(lambda i: i < 110), at=house.clock)
    assert {gate.benchmark.name: gate.verdict for gate in gates} == {
        "close": "not_enough_evidence",
        "frozen": "pass",
    }
    assert {gate.overall for gate in gates} == {"not_enough_evidence"}


def test_an_override_and_the_promotion_hold_for_all_gates_of_the_judgement(
    house: House, split: list[Gate]
) -> None:
    strict, frozen = sorted(split, key=lambda gate: gate.benchmark.name)
    act(house, ask_override, frozen, "lena", reason="The strict one is wrong on 8s.")
    with pytest.raises(SecondLeadNeeded):
        act(house, promote, strict, "lena")
    act(house, promote, strict, "luis")
    assert set(Gate.objects.values_list("state", "override_by")) == {("promoted", house.lena.pk)}
    assert production(project=house.project) == strict.candidate


def test_a_rejection_holds_for_all_gates_of_the_judgement(house: House, split: list[Gate]) -> None:
    act(house, reject, split[1], "lena", reason="No.")
    assert set(Gate.objects.values_list("state", flat=True)) == {"rejected"}


def test_the_pages_and_the_api_show_every_gate(client: Client, house: House, split: list[Gate]) -> None:
    client.force_login(house.lena)
    html = client.get("/p/digits/models/1/").content.decode()
    assert "On all 2 benchmarks together" in html
    assert "Gate on frozen" in html
    assert "Gate on a strict one" in html
    assert html.count("Ask for an override") == 1
    found = client.get("/api/v1/projects/digits/gates/").json()["results"]
    assert {(gate["benchmark"], gate["verdict"], gate["overall"]) for gate in found} == {
        ("frozen", "pass", "fail"),
        ("a strict one", "fail", "fail"),
    }
    assert {gate["judgement"] for gate in found} == {str(split[0].judgement)}


def test_a_benchmark_that_sorts_earlier_does_not_stop_a_training_under_way(turn: Turn) -> None:
    run = turn.queued()
    freeze(turn.house, "another, frozen since")
    assert [benchmark.name for benchmark in run.benchmarks.all()] == ["frozen"]
    model = turn.house.measured(lambda i: True)
    gates = judge_candidate(candidate=model, at=turn.house.clock, benchmarks=list(run.benchmarks.all()))
    assert [gate.benchmark.name for gate in gates] == ["frozen"]


def test_training_is_judged_on_all_benchmarks_there_were_when_it_was_queued(turn: Turn) -> None:
    freeze(turn.house, "another")
    turn.gate()
    assert sorted(Gate.objects.values_list("benchmark__name", "overall")) == [
        ("another", "pass"),
        ("frozen", "pass"),
    ]
    assert TrainingRun.objects.get().state == "done"


def test_a_new_benchmark_has_the_model_in_production_measured_on_it(turn: Turn) -> None:
    model = turn.production()
    benchmark = freeze(turn.house, "another")
    run = PredictionRun.objects.get(benchmark=benchmark.digest)
    assert (run.model, run.state) == (model, "queued")


def measure(turn: Turn, run: PredictionRun, right: float = 1.0) -> None:
    """What the worker would record for this run."""
    held = claim(PredictionRun, run.pk, at=turn.house.later(seconds=1))
    keys = {f"bench{i:04}": "358"[i % 3] for i in range(FROZEN)}
    keys["one more"] = "3"
    table = stored(keys, right=right, model=f"again {run.pk}", purpose="benchmark")
    record_prediction(run=held, stored=table, at=turn.house.later(seconds=1))


def test_a_model_that_cannot_be_judged_yet_is_kept_and_judged_once_all_is_measured(
    client: Client, turn: Turn
) -> None:
    old = turn.production()
    turn.house.example("one more", label="3", split="benchmark")
    benchmark = freeze(turn.house, "another")
    run = turn.running()
    keys = {f"bench{i:04}": "358"[i % 3] for i in range(FROZEN)} | {"one more": "3"}
    table = stored(keys, right=1.0, model=str(run.pk), purpose="benchmark")
    measured = {one.digest: table for one in run.benchmarks.all()}
    manifest = {"digest": "f" * 64, "classes": ["3", "5", "8"]}
    model = record_training(run=run, model=manifest, report={}, measured=measured, at=turn.house.clock)
    assert finish_training(run=run, at=turn.house.clock) == []

    run.refresh_from_db()
    assert (run.state, run.model) == ("done", model)
    assert f"model {old} on another" in run.error
    client.force_login(turn.house.lena)
    assert "The model was made, but not judged." in client.get(f"/p/digits/runs/{run.pk}/").content.decode()
    with pytest.raises(NotMeasured, match="judge again"):
        judge_candidate(candidate=model, at=turn.house.clock)
    measure(turn, PredictionRun.objects.get(benchmark=benchmark.digest))
    gates = judge_candidate(candidate=model, at=turn.house.clock)
    assert {gate.benchmark.name for gate in gates} == {"another", "frozen"}
    assert {gate.baseline for gate in gates} == {old}


def test_a_run_whose_model_was_kept_is_only_judged_when_it_is_done_again(turn: Turn) -> None:
    run = turn.running()
    keys = {f"bench{i:04}": "358"[i % 3] for i in range(FROZEN)}
    table = stored(keys, right=1.0, model="m", purpose="benchmark")
    measured = {one.digest: table for one in run.benchmarks.all()}
    manifest = {"digest": "f" * 64, "classes": ["3", "5", "8"]}
    model = record_training(run=run, model=manifest, report={}, measured=measured, at=turn.house.clock)
    revive(
        TrainingRun.objects.get(pk=run.pk), at=turn.house.later(minutes=5)
    )  # its worker died before judging

    done = turn.house.work(TrainingRun.objects.get(pk=run.pk))

    assert (done.model, turn.house.project.models.count()) == (model, 1)
    assert Gate.objects.get().candidate == model


def test_a_label_that_left_the_options_since_is_an_error_of_every_model(client: Client, house: House) -> None:
    house.freeze(floor=0.3, slice_floor=0.3)
    old = house.model(classes=["3", "5"])
    rows = {example.key: [0.9, 0.1] for example in house.project.examples.all()}
    house.predictions(old, rows, purpose="benchmark", benchmark=house.project.benchmarks.get().digest)
    judge_candidate(candidate=old, at=house.clock)
    client.force_login(house.lena)
    assert "a class it does not know" in client.get("/p/digits/models/1/").content.decode()


def test_purged_rows_leave_the_benchmark_and_the_rest_is_still_judged(house: House) -> None:
    benchmark = house.freeze()
    model = house.measured(lambda i: i < 108)
    gone = house.project.examples.get(key="bench0000").payload
    type(gone).objects.filter(pk=gone.pk).update(body=None, purged_at=house.clock)
    (gate,) = judge_candidate(candidate=model, at=house.clock)
    assert next(check for check in gate.checks if check["kind"] == "floor")["n"] == benchmark.rows - 1


def test_names_are_trimmed_and_taken_once(house: House) -> None:
    house.freeze(6)
    assert freeze(house, "  padded ").name == "padded"
    for name in ("padded", " frozen"):
        with pytest.raises(BadInput, match="already"):
            freeze(house, name)
    assert [one.benchmark.name for one in benchmark_results(project=house.project)] == ["frozen", "padded"]


def test_groups_that_nobody_belongs_to_cannot_be_protected(house: House) -> None:
    """The plan is frozen with the benchmark: a misspelt attribute would protect nobody for ever."""
    with pytest.raises(BadInput, match="No benchmark example has the attribute 'haf'"):
        house.freeze(6, protected="haf")
    assert not house.project.benchmarks.exists()
