"""Stopped in every way there is; gone on with; the same in the end."""

from __future__ import annotations

import hashlib
import signal
import time
from itertools import count

import pytest

from .conftest import Bench

EPOCHS = 25


@pytest.fixture
def spec(bench, digits):
    bench.rows("rows.parquet", digits.train_rows(200))
    return bench.fit_spec(stages=[{"name": "foundations", "epochs": EPOCHS, "replay": 0.0}])


@pytest.fixture(scope="module")
def uninterrupted(digits, tmp_path_factory):
    """SHA-256 of the weights, and the report, of a run that nobody disturbed."""
    bench = Bench(tmp_path_factory.mktemp("uninterrupted"))
    bench.rows("rows.parquet", digits.train_rows(200))
    stages = [{"name": "foundations", "epochs": EPOCHS, "replay": 0.0}]
    assert bench.run("fit", bench.fit_spec(stages=stages)).status == 0
    return sha(bench), bench.json("out/report.json"), (bench.folder / "out/dynamics.parquet").read_bytes()


def sha(bench, out="out"):
    return hashlib.sha256((bench.folder / out / "weights.safetensors").read_bytes()).hexdigest()


def at_epoch(epoch):
    return lambda line: line["event"] == "checkpoint" and line["epoch"] >= epoch


def test_a_run_killed_midway_and_run_again_ends_with_the_same_weights(bench, spec, uninterrupted):
    child = bench.start("fit", spec)
    bench.until(child, at_epoch(5))
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    assert not (bench.folder / "out/report.json").exists()

    again = bench.run("fit", spec)

    assert again.status == 0
    assert 5 <= again.events("resumed")[0]["epoch"] < EPOCHS
    assert sha(bench) == uninterrupted[0]
    assert bench.json("out/report.json")["digest"] == uninterrupted[1]["digest"]
    assert (bench.folder / "out/dynamics.parquet").read_bytes() == uninterrupted[2]


def test_a_cancelled_run_checkpoints_exits_143_and_goes_on_from_there(bench, spec, uninterrupted):
    child = bench.start("fit", spec)
    bench.until(child, at_epoch(5))
    child.terminate()
    ended = bench.end(child)
    assert ended.status == 143
    assert ended.error["code"] == "cancelled"
    assert ended.lines[-2]["event"] == "checkpoint"

    again = bench.run("fit", spec)

    resumed, stopped = again.events("resumed")[0], ended.lines[-2]
    assert (resumed["epoch"], resumed["step"]) == (stopped["epoch"], stopped["step"])
    assert sha(bench) == uninterrupted[0]
    assert bench.json("out/report.json")["digest"] == uninterrupted[1]["digest"]


def test_a_spent_budget_ends_with_3_and_a_larger_one_goes_on(bench, spec, uninterrupted):
    short = bench.run("fit", {**spec, "budget": {"seconds": 0.01}})
    assert short.status == 3
    assert "Raise budget.seconds" in short.error["message"]
    assert not (bench.folder / "out/report.json").exists()

    longer = bench.run("fit", spec)

    assert longer.status == 0
    assert longer.events("resumed")
    assert sha(bench) == uninterrupted[0]


def test_a_run_stopped_in_the_middle_of_an_epoch_goes_on_at_that_step(bench, spec, uninterrupted):
    ticks = count()
    stopped = bench.run("fit", {**spec, "budget": {"seconds": 64}}, clock=lambda: float(next(ticks)))
    left = stopped.events("checkpoint")[-1]
    assert left["step"] > 0

    again = bench.run("fit", {**spec, "budget": {"seconds": 1000}})

    resumed = again.events("resumed")[0]
    assert (resumed["epoch"], resumed["step"]) == (left["epoch"], left["step"])
    assert sha(bench) == uninterrupted[0]
    assert bench.json("out/report.json")["digest"] == uninterrupted[1]["digest"]


def test_finished_folds_are_not_trained_again(bench, spec):
    spec = {**spec, "cross_fit": 3}
    child = bench.start("fit", spec)
    bench.until(child, lambda line: line["event"] == "progress" and line.get("fold") == 1)
    child.kill()
    child.wait(10)

    again = bench.run("fit", spec)

    assert again.status == 0
    trained = {line["fold"] for line in again.events("progress") if line["phase"] == "cross_fit"}
    assert trained == {1, 2}
    assert set(bench.columns("out/cross_fit.parquet")["fold"]) == {0, 1, 2}


def test_a_checkpoint_of_another_spec_is_refused(bench, spec):
    assert bench.run("fit", {**spec, "budget": {"seconds": 0.01}}).status == 3
    other = bench.run("fit", {**spec, "seed": 8})
    assert other.status == 2
    assert "choose an empty folder, or delete" in other.error["message"]


def test_the_learner_does_not_outlive_its_parent(bench, spec):
    spec["stages"][0]["epochs"] = 10_000
    child = bench.start("fit", spec, "--parent-pipe", pipe=True)
    bench.until(child, at_epoch(1))
    child.stdin.close()
    child.stdin = None
    began = time.monotonic()
    assert child.wait(5) == 143
    assert time.monotonic() - began < 2


def test_two_learners_do_not_write_to_one_folder(bench, spec):
    first = bench.start("fit", {**spec, "stages": [{"name": "long", "epochs": 10_000}]})
    bench.until(first, at_epoch(1))
    second = bench.run("fit", {**spec, "stages": [{"name": "long", "epochs": 10_000}]})
    assert second.status == 2
    assert second.error["code"] == "out_busy"
    assert first.poll() is None


def test_a_run_in_another_process_gives_the_same_model(bench, spec, uninterrupted):
    assert bench.end(bench.start("fit", spec)).status == 0
    assert bench.json("out/model.json")["digest"] == uninterrupted[1]["model"]["digest"]
