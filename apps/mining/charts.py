"""Pictures of what a mining run saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apps.core.charts import Figure, histogram
from apps.core.numbers import between
from apps.mining.models import MiningRun

Bins = list[tuple[float, float, int]]  # from, to, how many


def figures_of(run: MiningRun) -> list[Figure]:
    """Margins and log-odds as the run found them; none before it is done."""
    figures = []
    if margins := run.spreads.get("margin"):
        figures.append(margin_figure(margins))
    if log_odds := run.spreads.get("log_odds"):
        figures.append(log_odds_figure(log_odds, suspects=run.spreads["suspects"]))
    return figures


def _values(bins: Bins) -> list[dict[str, float]]:
    return [{"from": low, "to": high, "n": n} for low, high, n in bins]


def _rows(bins: Bins) -> list[Sequence[Any]]:
    return [(between(low, high, 2), n) for low, high, n in bins]


def margin_figure(bins: Bins) -> Figure:
    total = sum(n for *_, n in bins)
    unsure = sum(n for _, high, n in bins if high <= 0.251)
    return Figure(
        id="margins",
        title=f"The model hesitates on {unsure:,} of {total:,} examples",
        text="Histogram of the margin between the two likeliest classes, from 0 (cannot choose) to 1 (certain). "
        f"{unsure} of {total} lie below 0.25.",
        spec=histogram(_values(bins), title="Margin", marks=[0.25]),
        columns=["Margin", "Examples"],
        rows=_rows(bins),
        note=f"n = {total:,}; the line marks a margin of 0.25",
    )


def log_odds_figure(bins: Bins, *, suspects: int) -> Figure:
    total = sum(n for *_, n in bins)
    return Figure(
        id="log-odds",
        title=f"{suspects:,} of {total:,} given labels are suspect",
        text="Histogram of the log-odds of the given label by the model, out of sample. "
        "The tail on the left holds labels the model finds hard to believe.",
        spec=histogram(_values(bins), title="Log-odds of the given label"),
        columns=["Log-odds", "Examples"],
        rows=_rows(bins),
        note=f"n = {total:,} labelled examples; low is suspect",
    )
