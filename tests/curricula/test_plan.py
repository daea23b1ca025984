"""How dataset rows become a curriculum, and what differs between two of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from apps.curricula.domain import compare, plan_curriculum


def row(key, label="3", *, source="given", given="3", **attributes):
    return {
        "key": key,
        "payload": f"digest of {key}",
        "split": "train",
        "label": label,
        "soft": None,
        "source": source,
        "given_label": given,
        "condition": "clear",
        "answers": 0,
        "attributes": json.dumps(attributes),
        "licence": "CC0-1.0",
    }


def plan(rows, p, suspect=(), **values):
    doubted = np.array([row["key"] in suspect for row in rows])
    return plan_curriculum(rows, p_label=np.array(p, float), suspect=doubted, **values)


def by_key(found):
    return {row["key"]: (row["reason"], row["stage"], row["weight"]) for row in found.rows}


MIXED = [
    row("known"),
    row("untried"),
    row("torn"),
    row("odd"),
    row("confirmed", source="vote"),
    row("mended", "5", source="vote"),
    row("first", given=None, source="adjudicated"),
]
P = [0.99, np.nan, 0.5, 0.01, 0.5, 0.1, 0.95]


def test_every_row_has_its_stage_weight_and_reason():
    assert by_key(plan(MIXED, P)) == {
        "known": ("foundation", 0, 1),
        "untried": ("foundation", 0, 1),
        "torn": ("edge", 1, 2),
        "odd": ("beyond", 1, 0.25),
        "confirmed": ("confirmed_hard", 1, 2),
        "mended": ("corrected", 2, 2),
        "first": ("foundation", 0, 1),
    }


def test_a_suspect_label_nobody_looked_at_is_held_out_and_counted():
    found = plan(MIXED, P, suspect={"torn", "odd", "confirmed", "mended"})
    assert {"torn", "odd"}.isdisjoint(by_key(found))
    assert {"confirmed", "mended"} <= set(by_key(found))
    assert found.summary["held_out"] == {"unreviewed_suspect": 2}


def test_stages_tell_their_rows_and_reasons_and_replay_what_came_before():
    stages = plan(MIXED, P).stages
    assert [(s["name"], s["rows"], s["replay"]) for s in stages] == [
        ("foundations", 3, 0.0),
        ("learning edge", 3, 0.5),
        ("corrections", 1, 0.5),
    ]
    assert all(stage["why"] and stage["epochs"] > 0 for stage in stages)


def test_a_stage_without_rows_is_dropped_and_the_first_left_replays_nothing():
    found = plan([row("torn"), row("mended", "5", source="vote")], [0.5, 0.5])
    assert [(s["name"], s["replay"]) for s in found.stages] == [("learning edge", 0.0), ("corrections", 0.5)]
    assert [stage for _, stage, _ in by_key(found).values()] == [0, 1]


def test_all_rows_suspect_leaves_nothing_to_teach():
    found = plan([row("a"), row("b")], [0.5, 0.5], suspect={"a", "b"})
    assert (found.rows, found.stages) == ([], [])


def test_no_group_is_drowned_or_forgotten():
    rows = [row(f"m{n}", lang="en") for n in range(20)]
    rows += [row(f"f{n}", "5", source="vote", lang="fr") for n in range(5)]
    rows += [row(f"s{n}", lang="sw") for n in range(5)]
    found = plan(rows, [0.5] * 20 + [0.1] * 5 + [0.01] * 5, group="lang")
    shares = {share["group"]: share for share in found.summary["groups"]}
    assert sum(share["taught"] for share in shares.values()) == pytest.approx(1)
    for share in shares.values():
        assert share["within_bounds"]
        assert 0.5 - 1e-6 <= share["taught"] / share["population"] <= 2 + 1e-6
    unbounded = plan(rows, [0.5] * 20 + [0.1] * 5 + [0.01] * 5)
    swahili = sum(row["weight"] for row in unbounded.rows if row["key"].startswith("s"))
    assert swahili / sum(row["weight"] for row in unbounded.rows) < 0.5 * 5 / 30


def taught(key, label="3", stage=0, weight=1.0, reason="foundation"):
    same = {"payload": "d", "source": "given", "licence": "CC0-1.0"}
    return {"key": key, "label": label, "stage": stage, "weight": weight, "reason": reason, **same}


def test_the_difference_names_rows_in_out_relabelled_and_reweighed():
    old = [taught("stays"), taught("leaves"), taught("mended"), taught("moved")]
    new = [
        taught("stays"),
        taught("mended", "5", 2, 2.0, "corrected"),
        taught("moved", weight=0.25),
        taught("comes", "8"),
    ]
    found = compare(old, new)
    assert found["rows"] == [4, 4]
    assert [row["key"] for row in found["added"]["rows"]] == ["comes"]
    assert [row["key"] for row in found["removed"]["rows"]] == ["leaves"]
    assert [(row["key"], row["was"], row["label"]) for row in found["relabelled"]["rows"]] == [
        ("mended", "3", "5")
    ]
    assert found["reweighed"]["n"] == 2
    assert found["labels"] == [{"3": 4}, {"3": 2, "5": 1, "8": 1}]
    assert found["stages"] == [{"0": 4}, {"0": 3, "2": 1}]


def test_nothing_differs_from_itself():
    rows = [taught("a"), taught("b", "5")]
    found = compare(rows, rows)
    assert [found[kind]["n"] for kind in ("added", "removed", "relabelled", "reweighed")] == [0, 0, 0, 0]


def test_long_differences_are_counted_in_full_and_listed_in_part():
    found = compare([], [taught(f"k{n:04}") for n in range(700)])
    assert (found["added"]["n"], len(found["added"]["rows"])) == (700, 500)
