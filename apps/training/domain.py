"""What a recipe says; the gate: what is compared, with which margins, how verdicts combine. No database."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.algorithms.comparison import noninferiority, proportion_interval, superiority
from apps.algorithms.paired_losses import paired_difference
from apps.core.errors import BadInput

PASS, FAIL, UNSURE = "pass", "fail", "not_enough_evidence"
OUTSIDE = "outside"  # whoever trains reports the model through the API
LEARNERS = {
    "image-cnn": "small pictures",
    "text-ngrams": "short texts",
    OUTSIDE: "a trainer elsewhere, which reports through the API",
}
MOST_SECONDS = 604_800  # a week
FOLDS = (2, 20)  # mining needs out-of-fold probabilities, so there is no fit without folds


@dataclass(frozen=True)
class GatePlan:
    """Fixed before any candidate is measured. Margins and floors are shares of the benchmark in [0, 1]."""

    margin: float = 0.02
    slice_margin: float = 0.07
    brier_margin: float = 0.02
    alpha: float = 0.05
    superiority: bool = True
    protected: str = ""  # the attribute whose values are the protected subgroups
    floor: float = 0.5
    slice_floor: float = 0.5

    @classmethod
    def parse(cls, values: Any) -> GatePlan:
        """The plan from a request; raises `BadInput` naming the field and the mend."""
        values, known = values or {}, asdict(cls())
        if not isinstance(values, dict):
            raise BadInput("The plan is an object of margins, floors and switches.", field="plan")
        for name, value in values.items():
            if name not in known:
                raise BadInput(f"The plan knows no {name!r}; it takes {', '.join(known)}.", field=name)
            _check_entry(name, value, like=known[name])
        return cls(**values)

    def digest(self, benchmark: str) -> str:
        text = json.dumps([benchmark, asdict(self)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _check_entry(name: str, value: Any, *, like: Any) -> None:
    if not isinstance(like, float):
        if type(value) is not type(like):
            kind = "true or false" if isinstance(like, bool) else "a text"
            raise BadInput(f"{name} must be {kind}.", field=name)
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    high = 0.5 if name == "alpha" else 1.0
    may_be_none = name.endswith("floor")
    if not (number and (0 < value < high or (may_be_none and value == 0))):
        least = "0 or above" if may_be_none else "above 0"
        raise BadInput(f"{name} must be a number {least} and below {high:g}.", field=name)


@dataclass(frozen=True)
class RecipePlan:
    """What a recipe says: which learner, with which parameters of its own, how long, in how many folds."""

    learner: str
    params: dict[str, Any] = field(default_factory=dict)
    budget_seconds: int = 300
    cross_fit: int = 5

    @classmethod
    def parse(cls, values: dict[str, Any]) -> RecipePlan:
        """The recipe from a request or a form; raises `BadInput` naming the field and the mend."""
        given = {name: value for name, value in values.items() if value is not None}
        if unknown := sorted(set(given) - {entry.name for entry in fields(cls)}):
            raise BadInput(f"A recipe knows no {unknown[0]!r}.", field=unknown[0])
        plan = cls(**given)
        if plan.learner not in LEARNERS:
            raise BadInput(
                f"There is no learner {plan.learner!r}; choose one of {', '.join(LEARNERS)}.", field="learner"
            )
        if not isinstance(plan.params, dict):
            raise BadInput("The recipe's params are an object.", field="params")
        _check_whole("budget_seconds", plan.budget_seconds, 1, MOST_SECONDS)
        _check_whole("cross_fit", plan.cross_fit, *FOLDS)
        return plan


def _check_whole(name: str, value: Any, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise BadInput(f"{name} must be a whole number from {low} to {high:,}.", field=name)


@dataclass(frozen=True)
class Outcome:
    """One model on the benchmark: keys in the same order for every model, labels as codes (n,), probs (n, k).

    The code is −1 where the model does not know the class, which is an error of it like any other.
    """

    labels: npt.NDArray[np.int64]
    probs: npt.NDArray[np.float64]

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.probs.argmax(axis=1) == self.labels)

    @property
    def brier(self) -> npt.NDArray[np.float64]:
        """Per example (n,), in [0, 2]; low is good."""
        known = self.labels >= 0
        truth = np.zeros_like(self.probs)
        truth[known, self.labels[known]] = 1.0
        return np.asarray(((self.probs - truth) ** 2).sum(axis=1) + ~known)


@dataclass(frozen=True)
class Check:
    """One line of the gate. `estimate`, `low`, `high` are a difference to the baseline, or a share for a floor."""

    name: str
    kind: str  # noninferiority, superiority, floor, calibration
    verdict: str
    estimate: float
    low: float
    high: float
    n: int
    threshold: float
    why: str
    detail: dict[str, float] = field(default_factory=dict)


def judge(
    candidate: Outcome, baseline: Outcome | None, *, slices: dict[str, npt.NDArray[np.bool_]], plan: GatePlan
) -> tuple[str, list[Check]]:
    """The verdict and its checks: all must pass (an intersection–union test, each at α, no correction)."""
    everything = np.ones(len(candidate.labels), dtype=bool)
    checks = [_floor("overall", candidate.correct, plan.floor)]
    checks += [_floor(name, candidate.correct[mask], plan.slice_floor) for name, mask in slices.items()]
    if baseline is not None:
        groups = {"overall": everything, **slices}
        for name, mask in groups.items():
            margin = plan.margin if name == "overall" else plan.slice_margin
            checks.append(
                _no_worse(name, baseline.correct[mask], candidate.correct[mask], margin, plan.alpha)
            )
        checks.append(_calibration(baseline.brier, candidate.brier, plan))
        if plan.superiority:
            checks.append(_better(baseline.correct, candidate.correct, plan.alpha))
    return combine([check.verdict for check in checks]), checks


def combine(verdicts: list[str]) -> str:
    """Any failure fails; otherwise any lack of evidence is said; otherwise it passes."""
    if FAIL in verdicts:
        return FAIL
    return UNSURE if UNSURE in verdicts else PASS


def _floor(name: str, correct: npt.NDArray[np.bool_], floor: float) -> Check:
    interval = proportion_interval(int(correct.sum()), len(correct))
    verdict = PASS if interval.low >= floor else FAIL if interval.high < floor else UNSURE
    why = f"accuracy {interval.estimate:.3f}, floor {floor:.2f}"
    return Check(
        name, "floor", verdict, interval.estimate, interval.low, interval.high, len(correct), floor, why
    )


def _no_worse(
    name: str, baseline: npt.NDArray[np.bool_], candidate: npt.NDArray[np.bool_], margin: float, alpha: float
) -> Check:
    result = noninferiority(baseline, candidate, margin=margin, alpha=alpha)
    why = f"{result.c} lost, {result.b} gained; a drop of more than {margin:.2f} would fail"
    detail = {
        "p": result.p,
        "minimum_detectable_effect": result.minimum_detectable_effect,
        "baseline": float(baseline.mean()),
        "candidate": float(candidate.mean()),
    }
    numbers = (result.estimate, result.low, result.high)
    return Check(name, "noninferiority", result.verdict, *numbers, len(candidate), -margin, why, detail)


def _better(baseline: npt.NDArray[np.bool_], candidate: npt.NDArray[np.bool_], alpha: float) -> Check:
    result = superiority(baseline, candidate, alpha=alpha)
    why = "the candidate has to be better overall, or small losses add up over the rounds"
    numbers = (result.estimate, result.low, result.high)
    return Check(
        "overall", "superiority", result.verdict, *numbers, len(candidate), 0.0, why, {"p": result.p}
    )


def _calibration(
    baseline: npt.NDArray[np.float64], candidate: npt.NDArray[np.float64], plan: GatePlan
) -> Check:
    result = paired_difference(baseline, candidate, margin=plan.brier_margin, alpha=plan.alpha)
    why = f"Brier score {candidate.mean():.3f} against {baseline.mean():.3f}; lower is better"
    # a difference of Brier scores lies in [−2, 2]; one row has no interval, and JSON no infinity
    numbers = (float((candidate - baseline).mean()), max(result.low, -2.0), min(result.high, 2.0))
    return Check(
        "probabilities", "calibration", result.verdict, *numbers, len(candidate), plan.brier_margin, why
    )
