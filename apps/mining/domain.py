"""The mining policy, and mining itself: arrays in, picks with their reasons out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.algorithms import label_quality, uncertainty
from apps.algorithms.selection import Selection, select_mix
from apps.annotation.domain import AUDIT_WHY
from apps.core.errors import BadInput
from apps.projects.domain import EVERYBODY

CHANCE_WHY = "Drawn at random: no model has been trained yet that could say where it needs help."


@dataclass(frozen=True)
class Policy:
    """What a mining run may ask of people: tasks by reason, answers per task, and whom the tasks are for."""

    audit: int = 40
    margin: int = 100
    label_error: int = 60
    overlap: int = 2
    reserved_for: str = EVERYBODY  # an address of projects.queries.audiences

    @property
    def by_chance(self) -> bool:
        """Whether it asks only for what is drawn at random, for which nobody has to have predicted anything."""
        return not self.margin and not self.label_error

    @classmethod
    def parse(cls, values: Any) -> Policy:
        """The policy from a request; raises `BadInput` naming the field and the mend."""
        values = values or {}
        if not isinstance(values, dict):
            raise BadInput("The policy is an object of numbers and names.", field="policy")
        unknown = sorted(set(values) - set(asdict(cls())))
        if unknown:
            raise BadInput(
                f"The policy knows no {unknown[0]!r}; it takes {', '.join(asdict(cls()))}.", field=unknown[0]
            )
        if not isinstance(values.get("reserved_for", ""), str):
            raise BadInput("reserved_for is a text, such as 'group:night shift'.", field="reserved_for")
        for name, value in values.items():
            if name == "reserved_for":
                continue
            low, high = (1, 9) if name == "overlap" else (1 if name == "audit" else 0, 100_000)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise BadInput(f"{name} must be a whole number from {low} to {high}.", field=name)
        return cls(**values)


@dataclass(frozen=True)
class Frame:
    """All examples a run can choose from: ids (n,), given labels as codes (n,) with −1 for none, probs (n, k)."""

    example_ids: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    probs: npt.NDArray[np.float64]
    classes: list[str]

    def part(self, chosen: npt.NDArray[np.bool_]) -> Frame:
        """The rows where `chosen` (n,) is true."""
        return Frame(self.example_ids[chosen], self.labels[chosen], self.probs[chosen], self.classes)


@dataclass(frozen=True)
class Signals:
    """Per example (n,): margin and entropy in [0, 1], confidence, log-odds (NaN unlabelled), suspect."""

    predicted: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    margin: npt.NDArray[np.float64]
    entropy: npt.NDArray[np.float64]
    log_odds: npt.NDArray[np.float64]
    suspect: npt.NDArray[np.bool_]


def signals_of(frame: Frame) -> Signals:
    """Every signal of this policy in one pass."""
    labelled = frame.labels >= 0
    log_odds = np.full(len(frame.labels), np.nan)
    suspect = np.zeros(len(frame.labels), dtype=bool)
    if labelled.any():
        labels, probs = frame.labels[labelled], frame.probs[labelled]
        log_odds[labelled] = label_quality.log_odds(labels, probs)
        suspect[labelled] = label_quality.suspects(labels, probs)
    return Signals(
        predicted=frame.probs.argmax(axis=1),
        confidence=frame.probs.max(axis=1),
        margin=uncertainty.margin(frame.probs),
        entropy=uncertainty.entropy(frame.probs),
        log_odds=log_odds,
        suspect=suspect,
    )


BINS = 24


def spreads_of(signals: Signals) -> dict[str, Any]:
    """How margins and log-odds lie over the frame, and how many given labels are suspect.

    Kept with the run: a later one replaces the scores, and must not change what this one saw.
    """
    known = signals.log_odds[np.isfinite(signals.log_odds)]
    return {
        "margin": _spread(signals.margin, (0.0, 1.0)),
        "log_odds": _spread(known, None),
        "suspects": int(signals.suspect.sum()),
    }


def _spread(values: npt.NDArray[np.float64], span: tuple[float, float] | None) -> list[list[float]]:
    """[[from, to, n], …]; the greatest value counts in the last. None where there are no values."""
    if len(values) == 0:
        return []
    counts, edges = np.histogram(values, bins=BINS, range=span)
    return [
        [round(low, 6), round(high, 6), int(n)]
        for low, high, n in zip(edges.tolist(), edges[1:].tolist(), counts, strict=False)
    ]


def choose(frame: Frame, signals: Signals, policy: Policy, rng: np.random.Generator) -> Selection:
    """The audit sample over the whole frame first, then suspected label errors, then small margins."""
    labelled = frame.labels >= 0
    audit = min(policy.audit, len(frame.labels))
    return select_mix(
        {"label_error": -np.nan_to_num(signals.log_odds, nan=0.0), "margin": 1 - signals.margin},
        {"label_error": policy.label_error, "margin": policy.margin},
        audit=audit,
        eligible={"label_error": labelled, "margin": ~labelled},
        rng=rng,
    )


def top_classes(probs: npt.NDArray[np.float64], classes: list[str], n: int = 3) -> list[list[Any]]:
    """The most probable classes as [[label, probability], …]."""
    order = np.argsort(-probs, kind="stable")[:n]
    return [[classes[i], round(float(probs[i]), 4)] for i in order]


def why(reason: str, *, top: list[list[Any]], given: str | None) -> str:
    """The reason in plain words."""
    (first, p), (second, q) = top[0], top[1]
    if reason == "label_error":
        return f"Given {given}, but the model, not trained on this one, says {first} at {p:.2f}."
    if reason == "margin":
        return f"The model hesitates between {first} ({p:.2f}) and {second} ({q:.2f})."
    return AUDIT_WHY
