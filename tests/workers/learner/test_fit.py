"""What a fit leaves behind, on the digits of the demo."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


def average_precision(suspicion: Any, wrong: Any) -> float:
    hits = np.isin(np.argsort(-suspicion), wrong)
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def test_three_hundred_noisy_digits_teach_nine_in_ten_of_the_benchmark(fitted):
    bench, _ = fitted
    overall = bench.json("out/report.json")["slices"]["benchmark"]["overall"]
    assert overall["n"] == 597
    assert overall["accuracy"] > 0.9


def test_out_of_fold_probabilities_rank_the_planted_wrong_labels_first(fitted, digits):
    bench, _ = fitted
    probs = np.array(bench.columns("out/cross_fit.parquet")["probs"])[:300].clip(1e-9)
    given = np.arange(300), digits.given
    rivals = probs.copy()
    rivals[given] = 0
    log_odds = np.log(probs[given]) - np.log(rivals.max(1))
    # with 30 wrong in 300 a blind ranking has a precision of 0.1; the five copied rows are among the 300
    assert average_precision(-log_odds, digits.planted) > 0.9


def test_copies_of_a_payload_share_a_fold_and_every_row_has_one(fitted):
    bench, _ = fitted
    table = bench.columns("out/cross_fit.parquet")
    assert table["key"] == bench.columns("rows.parquet")["key"]
    fold = dict(zip(table["key"], table["fold"], strict=True))
    assert all(fold[key] == fold[f"copy-of-{key}"] for key in table["key"][:5])
    sizes = np.bincount(table["fold"])
    assert len(sizes) == 5
    assert sizes.max() - sizes.min() <= 6
    np.testing.assert_allclose(np.array(table["probs"]).sum(1), 1, atol=1e-5)


def test_no_row_is_judged_by_a_net_that_saw_its_payload(bench, digits):
    """Nobody but two copies of one picture is a nine, so whoever knows nines has seen the picture."""
    places = [place for place in digits.pool if digits.truth[place] < 5][:90]
    nine = next(place for place in digits.pool if digits.truth[place] == 9)
    nines = [{**digits.true_rows([nine])[0], "key": key} for key in ("nine", "copy")]
    bench.rows("rows.parquet", digits.true_rows(places) + nines)
    ended = bench.run("fit", bench.fit_spec(stages=[{"name": "all", "epochs": 25}], cross_fit=3))
    assert ended.status == 0
    taught = bench.columns("out/dynamics.parquet")["probability"][-2:]
    unseen = [probs[9] for probs in bench.columns("out/cross_fit.parquet")["probs"][-2:]]
    assert min(taught) > 0.5
    assert max(unseen) < 0.1


def test_dynamics_hold_every_rows_probability_of_its_label_in_every_epoch(fitted):
    bench, _ = fitted
    table = bench.columns("out/dynamics.parquet")
    probability = np.array(table["probability"]).reshape(20, 305)
    assert table["epoch"] == [epoch for epoch in range(1, 21) for _ in range(305)]
    assert table["key"][:305] == table["key"][-305:] == bench.columns("rows.parquet")["key"]
    assert probability[-1].mean() > probability[0].mean() + 0.3


def test_the_reports_slices_are_those_of_the_evaluation_file(fitted, digits):
    bench, _ = fitted
    slices = bench.json("out/report.json")["slices"]["benchmark"]
    table = bench.columns("out/evaluation.parquet")
    right = np.array([a == b for a, b in zip(table["label"], table["predicted"], strict=True)])
    odd = digits.benchmark % 2 == 1
    assert slices["overall"]["accuracy"] == right.mean()
    assert slices["attributes"]["half"]["odd"] == {"n": int(odd.sum()), "accuracy": right[odd].mean()}
    threes = np.array(table["label"]) == "3"
    assert slices["classes"]["3"] == {"n": int(threes.sum()), "accuracy": right[threes].mean()}
    assert [str(np.argmax(probs)) for probs in table["probs"]] == table["predicted"]


def test_progress_names_phase_stage_and_what_was_drawn(fitted):
    _, ended = fitted
    told = ended.events("progress")
    assert ended.lines[0]["event"] == "started"
    assert ended.lines[-1]["event"] == "report"
    assert [line["done"] for line in told[:-1]] == list(range(1, 121))
    assert {line["total"] for line in told[:-1]} == {120}
    assert {line["phase"] for line in told} == {"fit", "cross_fit", "evaluate"}
    assert told[0]["mix"]["stages"] == {"foundations": 305}
    assert sum(told[0]["mix"]["labels"].values()) == 305


def test_the_manifest_pins_the_weights_and_the_report_pins_the_manifest(fitted):
    bench, _ = fitted
    manifest, report = bench.json("out/model.json"), bench.json("out/report.json")
    weights = (bench.folder / "out/weights.safetensors").read_bytes()
    assert manifest["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    assert report["model"] == {"digest": manifest["digest"], "weights_sha256": manifest["weights_sha256"]}
    assert manifest["recipe"]["params"]["rate"] == 0.01
    assert manifest["input"] == {
        "field": "image",
        "channels": 1,
        "height": 8,
        "width": 8,
        "max_pixels": 4_000_000,
    }
    assert report["drift"] is None
    assert report["resources"]["device"] in ("cpu", "cuda:0")


def test_a_finished_fit_is_answered_at_once_and_not_made_again(fitted, fitted_spec):
    bench, _ = fitted
    before = (bench.folder / "out/report.json").stat().st_mtime_ns
    ended = bench.end(bench.start("fit", {**fitted_spec, "budget": {"seconds": 1}}))
    assert ended.status == 0
    assert [line["event"] for line in ended.lines] == ["report"]
    assert (bench.folder / "out/report.json").stat().st_mtime_ns == before


def test_another_spec_may_not_write_over_a_finished_fit(fitted, fitted_spec):
    bench, _ = fitted
    ended = bench.run("fit", {**fitted_spec, "seed": 8})
    assert ended.status == 2
    assert "another spec; choose an empty folder" in ended.error["message"]


def test_a_finished_fit_leaves_no_checkpoint_and_nothing_aside(fitted):
    bench, _ = fitted
    left = {path.name for path in (bench.folder / "out").iterdir()}
    files = {"weights.safetensors", "model.json", "report.json", ".lock"}
    assert left == files | {"dynamics.parquet", "cross_fit.parquet", "evaluation.parquet"}
