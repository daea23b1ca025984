"""The curriculum's rows, its stages, and what differs between two versions."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from apps.algorithms.checks import Bools, Floats
from apps.algorithms.curriculum import STAGES, StagePlan, stage_plan

ROWS = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("payload", pa.string()),  # the payload's digest
        pa.field("label", pa.string()),
        pa.field("soft", pa.list_(pa.float32())),
        pa.field("weight", pa.float32()),
        pa.field("stage", pa.int32()),
        pa.field("reason", pa.string()),
        pa.field("source", pa.string()),
        pa.field("attributes", pa.string()),
        pa.field("licence", pa.string()),
    ]
)

REASONS = {
    "foundation": "The model knows it, or has not been tried on it: the ground everything stands on.",
    "edge": "At the learning edge: the model is not sure of it.",
    "confirmed_hard": "People confirmed the label, and the model finds it hard.",
    "corrected": "People corrected the label: the model had been taught wrong here.",
    "beyond": "The model gives the label next to nothing and nobody has looked: taught lightly.",
    "benchmark": "The same content stands in a benchmark: never taught.",
    "unreviewed_suspect": "The given label is suspect and nobody has looked: held out, not taught.",
}
EPOCHS = {"foundations": 20, "learning edge": 12, "corrections": 8}
# the share of each epoch that is drawn from earlier stages
REPLAY = {"foundations": 0.0, "learning edge": 0.5, "corrections": 0.5}
WHY = {
    "foundations": "First what is known, so that the hard rows have something to stand on.",
    "learning edge": "Then where the model is unsure; half of each epoch is what came before, against forgetting.",
    "corrections": "Last what people corrected, twice as strongly; half of each epoch is what came before.",
}


def drawn(stage: dict[str, Any]) -> float:
    """Rows an epoch of the stage draws: its own once, and earlier ones until these are the share `replay` of it."""
    return float(stage["rows"] / (1 - stage["replay"]))


@dataclass(frozen=True)
class Plan:
    """A staged and weighed dataset: the rows that are taught, the stages, and what was held out and why."""

    rows: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    summary: dict[str, Any]


def plan_curriculum(rows: list[dict[str, Any]], *, p_label: Floats, suspect: Bools, group: str = "") -> Plan:
    """Stage and weigh dataset rows by the law in `algorithms.curriculum`; empty stages are dropped.

    p_label (n,) is what the model in production gives each label, NaN where it has not been tried: such a row
    is taught as a foundation. `group` names the attribute whose shares are kept within bounds.
    """
    reviewed = np.array([row["source"] != "given" for row in rows], dtype=bool)
    changed = [row["given_label"] is not None and row["label"] != row["given_label"] for row in rows]
    groups = [str(json.loads(row["attributes"]).get(group, "")) for row in rows]
    names, codes = np.unique(groups, return_inverse=True)
    law = stage_plan(
        label_known=np.ones(len(rows), dtype=bool),
        p_label=np.nan_to_num(p_label, nan=1.0),
        suspect=suspect,
        reviewed=reviewed,
        corrected=reviewed & np.array(changed, dtype=bool),
        group=codes,
    )
    used = [code for code in range(len(STAGES)) if (law.stage == code).any()]
    taught = [
        _taught(row, used.index(int(law.stage[i])), float(law.weight[i]), str(law.reason[i]))
        for i, row in enumerate(rows)
        if law.stage[i] >= 0
    ]
    summary = {
        "reasons": Counter(row["reason"] for row in taught),
        "held_out": Counter(str(reason) for reason in law.reason[law.stage < 0]),
        "groups": _group_shares(names.tolist(), law),
    }
    return Plan(taught, [_stage(STAGES[code], place, taught) for place, code in enumerate(used)], summary)


def _group_shares(names: list[str], law: StagePlan) -> list[dict[str, Any]]:
    columns = zip(names, law.population_share, law.sampling_share, law.within_bounds, strict=True)
    return [
        {"group": name, "population": float(before), "taught": float(after), "within_bounds": bool(held)}
        for name, before, after, held in columns
    ]


def _taught(row: dict[str, Any], stage: int, weight: float, reason: str) -> dict[str, Any]:
    kept = {
        name: row[name] for name in ("key", "payload", "label", "soft", "source", "attributes", "licence")
    }
    return {**kept, "stage": stage, "weight": round(weight, 4), "reason": reason}


def _stage(name: str, place: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    weights = [row["weight"] for row in rows if row["stage"] == place]
    # the first stage has nothing before it to replay, whichever it is
    replay = REPLAY[name] if place else 0.0
    mean = round(sum(weights) / len(weights), 3)
    return {
        "name": name,
        "rows": len(weights),
        "weight": mean,
        "epochs": EPOCHS[name],
        "replay": replay,
        "why": WHY[name],
    }


def compare(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> dict[str, Any]:
    """What `new` teaches that `old` does not, and the other way round; keys listed up to 500 of each kind."""
    before, after = {row["key"]: row for row in old}, {row["key"]: row for row in new}
    added = [key for key in after if key not in before]
    removed = [key for key in before if key not in after]
    both = [key for key in after if key in before]
    relabelled = [key for key in both if after[key]["label"] != before[key]["label"]]
    reweighed = [key for key in both if _moved(before[key], after[key])]
    return {
        "rows": [len(before), len(after)],
        "added": {"n": len(added), "rows": [_line(after[key]) for key in added[:500]]},
        "removed": {"n": len(removed), "rows": [_line(before[key]) for key in removed[:500]]},
        "relabelled": {
            "n": len(relabelled),
            "rows": [{**_line(after[key]), "was": before[key]["label"]} for key in relabelled[:500]],
        },
        "reweighed": {"n": len(reweighed)},
        "stages": [_shares(old, "stage"), _shares(new, "stage")],
        "labels": [_shares(old, "label"), _shares(new, "label")],
        "reasons": [_shares(old, "reason"), _shares(new, "reason")],
        "licences": [_shares(old, "licence"), _shares(new, "licence")],
    }


def _moved(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return bool(before["stage"] != after["stage"] or abs(before["weight"] - after["weight"]) > 1e-6)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("key", "payload", "label", "stage", "weight", "reason", "source")}


def _shares(rows: list[dict[str, Any]], name: str) -> dict[str, int]:
    return {str(value): n for value, n in sorted(Counter(row[name] for row in rows).items(), key=str)}
