"""How far a training run is: phases, rate, time left, curves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.runs import look_again, time_left
from apps.training.models import TrainingRun

PHASES = {
    "fit": "Teaching the model",
    "cross_fit": "Teaching it in folds, for probabilities on rows it has not seen",
    "evaluate": "Measuring it on the benchmark",
}


@dataclass(frozen=True)
class Progress:
    """What the page shows while the run is not over, and the points of its curves."""

    done: int | None
    total: int | None
    note: str
    rate: str
    left: str
    poll: int
    curve: list[dict[str, Any]]
    mix: dict[str, int]

    @property
    def stages(self) -> list[str]:
        """In the order they were taught."""
        return list(dict.fromkeys(point["stage"] for point in self.curve))


def progress_of(*, run: TrainingRun, at: datetime) -> Progress:
    facts, seconds = run.progress, run.seconds(at) or 0.0
    done, left = facts.get("done"), facts.get("seconds_left")
    words = [PHASES.get(facts.get("phase", ""), ""), facts.get("stage") or ""]
    curve = fit_points(run.curve)
    return Progress(
        done=done,
        total=facts.get("total"),
        note=" · ".join(word for word in words if word),
        rate=f"{done / seconds:.1f} steps per s" if done and seconds else "",
        left=time_left(left),
        poll=look_again(seconds),
        curve=curve,
        mix=(curve[-1]["mix"] or {}).get("labels", {}) if curve else {},
    )


def fit_points(curve: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One point per epoch of the fit itself, numbered through all stages; folds are left out."""
    fits = [point for point in curve if point["phase"] == "fit" and point.get("loss") is not None]
    return [{**point, "step": number} for number, point in enumerate(fits, start=1)]
