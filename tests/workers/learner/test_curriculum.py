"""Stages, replay, weights, warm starts and the pull towards the base."""

from __future__ import annotations

import json

import numpy as np
import pytest

STAGES = [{"name": "foundations", "epochs": 6, "replay": 0.0}, {"name": "edge", "epochs": 4, "replay": 0.5}]


@pytest.fixture
def lesson(bench, digits, fitted):
    """A second round: the noisy rows, then 60 true ones, judged on the benchmark against the first model."""
    bench.rows("rows.parquet", digits.train_rows(150) + digits.true_rows(digits.pool[:60], stage=1))
    bench.rows("benchmark.parquet", digits.benchmark_rows())
    base = str(fitted[0].folder / "out")
    return bench.fit_spec(stages=STAGES, base=base, evaluate={"benchmark": "benchmark.parquet"})


def test_each_stage_draws_its_own_rows_and_replays_its_share_of_earlier_ones(bench, lesson):
    ended = bench.run("fit", lesson)
    assert ended.status == 0, ended.stderr
    told = [line for line in ended.events("progress") if line["phase"] == "fit"]
    mixes = [(line["stage"], line["epoch"], line["mix"]["stages"]) for line in told]
    first = [("foundations", epoch, {"foundations": 150, "edge": 0}) for epoch in range(1, 7)]
    second = [("edge", epoch, {"foundations": 60, "edge": 60}) for epoch in range(1, 5)]
    assert mixes == first + second


def test_going_on_from_the_base_drifts_less_and_the_pull_holds_it_closer_still(bench, lesson):
    drift = {}
    for name, start, beta in (("fresh", "fresh", 0), ("on", "continue", 0), ("held", "continue", 5)):
        spec = {**lesson, "warm_start": start, "out": name, "recipe": {"name": "image-cnn", "params": {}}}
        spec["recipe"]["params"] = {"kl_beta": beta}
        ended = bench.run("fit", spec)
        assert ended.status == 0, ended.stderr
        drift[name] = bench.json(f"{name}/report.json")["drift"]
    assert drift["fresh"]["benchmark"] > drift["on"]["benchmark"] > drift["held"]["benchmark"] > 0
    assert drift["on"]["training"] > drift["held"]["training"] > 0


def test_rows_of_weight_zero_teach_nothing(bench, digits):
    true = digits.true_rows(digits.pool[:150])
    lies = [
        {**said, "key": f"lie{said['key']}", "label": "0", "weight": 0.0}
        for said in digits.true_rows(digits.pool[150:450])
    ]
    bench.rows("rows.parquet", true + lies)
    bench.rows("benchmark.parquet", digits.benchmark_rows())
    stages = [{"name": "foundations", "epochs": 15}]
    ended = bench.run("fit", bench.fit_spec(stages=stages, evaluate={"benchmark": "benchmark.parquet"}))
    assert ended.status == 0, ended.stderr
    assert bench.json("out/report.json")["slices"]["benchmark"]["overall"]["accuracy"] > 0.85


def test_text_is_learned_from_hashed_ngrams_and_soft_labels(bench):
    rng = np.random.default_rng(0)
    words = {"card": ["card", "plastic", "chip", "issuer"], "cash": ["cash", "atm", "notes", "withdraw"]}
    filler = ["please", "my", "the", "now", "help", "why"]

    def rows(n, prefix):
        for place in range(n):
            label = ("card", "cash")[place % 2]
            said = [*rng.choice(words[label], 2), *rng.choice(filler, 4)]
            text = json.dumps({"id": place, "text": " ".join(rng.permutation(said))})
            soft = {"card": [0.9, 0.1], "cash": [0.1, 0.9]}[label]
            plain = {"weight": 1.0, "stage": 0, "attributes": None}
            yield {"key": f"{prefix}{place}", "payload": text, "label": label, "soft": soft, **plain}

    bench.rows("rows.parquet", list(rows(120, "t")))
    bench.rows("held.parquet", list(rows(60, "h")))
    recipe = {"name": "text-ngrams", "params": {"buckets": 4096}}
    spec = bench.fit_spec(classes=["card", "cash"], recipe=recipe, evaluate={"held": "held.parquet"})
    ended = bench.run("fit", {**spec, "stages": [{"name": "all", "epochs": 8}]})
    assert ended.status == 0, ended.stderr
    assert bench.json("out/model.json")["input"]["field"] == "text"
    assert bench.json("out/report.json")["slices"]["held"]["overall"]["accuracy"] == 1.0
    # a soft label of 0.9 is learned as 0.9, not driven to certainty
    probs = np.array(bench.columns("out/evaluation.parquet")["probs"]).max(1)
    assert 0.75 < probs.mean() < 0.97
