"""Classes come, go and change places between a base and the next fit: it is trained, and measured fairly."""

from __future__ import annotations

import pytest

from tests.workers.learner.conftest import CLASSES

STAGES = [{"name": "all", "epochs": 12}]


def taught(bench, digits, classes, n=240):
    return digits.true_rows([p for p in digits.pool if str(digits.truth[p]) in classes][:n])


def fit(bench, digits, classes, **more):
    """A fit of these classes, measured on the whole benchmark; its report."""
    bench.rows("rows.parquet", taught(bench, digits, classes))
    bench.rows("benchmark.parquet", digits.benchmark_rows())
    evaluate = {"benchmark": "benchmark.parquet"}
    spec = bench.fit_spec(classes=list(classes), stages=STAGES, evaluate=evaluate, **more)
    ended = bench.run("fit", spec)
    assert ended.status == 0, ended.lines
    return bench.json(f"{spec['out']}/report.json")


@pytest.fixture
def whole(fitted):
    """The model of all ten digits."""
    return str(fitted[0].folder / "out")


def test_a_class_that_came_is_learned_and_drift_is_told_over_the_old_ones(bench, digits):
    fit(bench, digits, CLASSES[:4], out="few")
    report = fit(bench, digits, CLASSES[:5], base="few", out="more")
    assert report["slices"]["benchmark"]["classes"]["4"]["accuracy"] > 0.8
    assert report["drift_classes"] == ["0", "1", "2", "3"]
    assert 0 < report["drift"]["benchmark"] < 2


def test_a_class_that_went_is_an_error_on_a_benchmark_frozen_before(bench, digits, whole):
    report = fit(bench, digits, CLASSES[:9], base=whole)
    told = report["slices"]["benchmark"]
    assert told["overall"]["n"] == 597
    assert told["classes"]["9"]["accuracy"] == 0
    assert told["classes"]["0"]["accuracy"] > 0.8
    table = bench.columns("out/evaluation.parquet")
    assert set(table["label"]) == set(CLASSES)
    assert {len(probs) for probs in table["probs"]} == {9}


def test_the_same_classes_in_another_order_are_compared_by_name(bench, digits, whole):
    plain = fit(bench, digits, CLASSES, base=whole, out="plain")
    turned = fit(bench, digits, CLASSES[::-1], base=whole, out="turned")
    assert turned["drift_classes"] == CLASSES[::-1]
    # compared by place, each digit's answer would be held against another digit's
    assert turned["drift"]["benchmark"] < 2 * plain["drift"]["benchmark"]


def test_without_a_shared_class_there_is_no_drift_to_tell(bench, digits):
    fit(bench, digits, CLASSES[:2], out="low")
    report = fit(bench, digits, CLASSES[7:], base="low", out="high")
    assert (report["drift"], report["drift_classes"]) == (None, [])


def test_the_pull_towards_the_base_is_left_out_where_classes_differ(bench, digits, whole):
    recipe = {"name": "image-cnn", "params": {"kl_beta": 5}}
    held = fit(bench, digits, CLASSES[:5], base=whole, out="held", recipe=recipe)
    free = fit(bench, digits, CLASSES[:5], base=whole, out="free")
    assert held["slices"] == free["slices"]


def test_a_warm_start_from_other_classes_is_refused_with_the_mend(bench, digits, whole):
    bench.rows("rows.parquet", taught(bench, digits, CLASSES[:5], 30))
    ended = bench.run("fit", bench.fit_spec(classes=CLASSES[:5], base=whole, warm_start="continue"))
    assert ended.status == 2
    assert "choose warm_start 'fresh'" in ended.error["message"]


def test_a_label_outside_the_classes_is_refused_among_the_rows_to_teach(bench, digits):
    bench.rows("rows.parquet", digits.true_rows(digits.pool[:60]))
    ended = bench.run("fit", bench.fit_spec(classes=CLASSES[:5]))
    assert ended.status == 2
    assert "is not among the classes" in ended.error["message"]
