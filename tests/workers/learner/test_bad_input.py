"""Bad input gets one plain line, exit status 2, and leaves nothing behind."""

from __future__ import annotations

import json
import math

import pytest

PICTURE = "data:image/png;base64,aGVsbG8="
NO_SOFT = [math.nan] + [0.1] * 9


def change(place, **cells):
    return lambda rows, spec: rows[place].update(cells)


def say(**fields):
    return lambda rows, spec: spec.update(fields)


def recipe(name, **params):
    return say(recipe={"name": name, "params": params})


BAD = {
    "a label outside the classes": (change(3, label="10"), ["row 4", "label '10'", "add the class"]),
    "a negative weight": (change(0, weight=-1.0), ["row 1", "weight is -1.0"]),
    "a weight that is no number": (change(5, weight=math.nan), ["row 6", "weight is nan"]),
    "a broken image": (change(2, payload=json.dumps({"image": PICTURE})), ["row 3", "broken image"]),
    "a payload without an image": (change(2, payload='{"image": "x"}'), ["row 3", "no PNG or JPEG data URI"]),
    "a payload that is no JSON": (change(1, payload="{"), ["row 2", "payload is not JSON"]),
    "a soft label with NaN": (change(4, soft=NO_SOFT), ["row 5", "soft is no distribution"]),
    "a soft label of the wrong length": (change(4, soft=[1.0]), ["row 5", "give 10"]),
    "a repeated key": (change(1, key="t0", label="1"), ["key 't0'", "keep one"]),
    "a stage the spec does not have": (change(1, stage=1), ["row 2", "stage is 1"]),
    "no rows": (lambda rows, spec: rows.clear(), ["has no rows"]),
    "an unknown recipe": (recipe("resnet"), ["'resnet' is unknown", "image-cnn, text-ngrams"]),
    "an unknown parameter": (recipe("image-cnn", dropout=0.5), ["has no 'dropout'", "weight_decay"]),
    "a parameter out of range": (recipe("image-cnn", rate=-1), ["'rate' is -1", "from 1e-06 to 1"]),
    "an unknown field": (say(stagess=[]), ["unknown field 'stagess'"]),
    "a missing rows file": (say(rows="gone.parquet"), ["field 'rows'", "existing Parquet file"]),
    "a contract of another version": (say(contract=2), ["speaks contract 1"]),
    "a warm start from nothing": (say(warm_start="continue"), ["needs a base"]),
    "more folds than payloads": (say(cross_fit=50), ["lower cross_fit"]),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses(name, bench, digits):
    spoil, words = BAD[name]
    rows = digits.train_rows(12)
    rows[0]["key"] = "t0"
    spec = bench.fit_spec()
    spoil(rows, spec)
    bench.rows("rows.parquet", rows)

    ended = bench.run("fit", spec)

    assert ended.status == 2, ended.stderr
    assert ended.error["code"] in ("bad_spec", "bad_rows")
    assert [word for word in words if word not in ended.error["message"]] == []
    assert not (bench.folder / "out").exists()


def test_refuses_a_spec_that_is_no_json(bench):
    ended = bench.run("fit", '{"contract": 1,')
    assert ended.status == 2
    assert "is not JSON" in ended.error["message"]


def test_a_process_with_bad_rows_says_one_line_and_exits_with_2(bench, digits):
    bench.rows("rows.parquet", [{**said, "label": "ten"} for said in digits.train_rows(3)])
    ended = bench.end(bench.start("fit", bench.fit_spec()))
    assert ended.status == 2
    assert [line["event"] for line in ended.lines] == ["started", "error"]
    assert ended.stderr == ""
