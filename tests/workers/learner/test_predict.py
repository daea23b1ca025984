"""Applying a fitted model."""

from __future__ import annotations

import json
import shutil

import numpy as np


def predict_spec(model, rows, **more):
    return {
        "contract": 1,
        "model": str(model),
        "rows": rows,
        "out": "predictions.parquet",
        "threads": 1,
        **more,
    }


def test_predictions_equal_the_fits_own_evaluation_whatever_the_batch(bench, fitted, digits):
    made, _ = fitted
    bench.rows("rows.parquet", digits.benchmark_rows())
    ended = bench.run("predict", predict_spec(made.folder / "out", "rows.parquet", batch=100))
    assert ended.status == 0, ended.stderr
    found = bench.columns("predictions.parquet")
    evaluation = made.columns("out/evaluation.parquet")
    assert found["key"] == evaluation["key"]
    np.testing.assert_allclose(found["probs"], evaluation["probs"], atol=1e-5)
    assert np.array(found["embedding"]).shape == (597, 64)
    assert ended.events("progress")[-1]["done"] == 597


def test_weights_that_are_not_the_manifests_are_refused(bench, fitted, digits):
    made, _ = fitted
    shutil.copytree(made.folder / "out", bench.folder / "model")
    weights = bench.folder / "model/weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    bench.rows("rows.parquet", digits.benchmark_rows()[:3])
    ended = bench.run("predict", predict_spec("model", "rows.parquet"))
    assert ended.status == 2
    assert "SHA-256 differs" in ended.error["message"]
    assert not (bench.folder / "predictions.parquet").exists()


def test_a_broken_row_late_in_the_file_leaves_no_half_written_predictions(bench, fitted, digits):
    made, _ = fitted
    rows = digits.benchmark_rows()
    rows[500]["payload"] = json.dumps({"image": "data:image/png;base64,AAAA"})
    bench.rows("rows.parquet", rows)
    ended = bench.run("predict", predict_spec(made.folder / "out", "rows.parquet", batch=64))
    assert ended.status == 2
    assert "row 501" in ended.error["message"]
    assert [path.name for path in bench.folder.iterdir() if "predictions" in path.name] == []
