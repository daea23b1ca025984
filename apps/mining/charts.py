"""Pictures of what a mining run saw."""

from __future__ import annotations

from apps.core.charts import Figure, histogram
from apps.mining.queries import Bin, Findings


def figures_of(found: Findings | None) -> list[Figure]:
    """Margins and log-odds, where the run's scores are still the latest."""
    figures = []
    if found and found.margins:
        figures.append(margin_figure(found.margins))
    if found and found.log_odds:
        figures.append(log_odds_figure(found.log_odds, suspects=found.suspects))
    return figures


def _values(bins: list[Bin]) -> list[dict[str, float]]:
    return [{"from": b.low, "to": b.high, "n": b.n} for b in bins]


def _rows(bins: list[Bin]) -> list[tuple[str, int]]:
    return [(f"{b.low:.2f} to {b.high:.2f}", b.n) for b in bins]


def margin_figure(bins: list[Bin]) -> Figure:
    total = sum(b.n for b in bins)
    unsure = sum(b.n for b in bins if b.high <= 0.251)
    return Figure(
        id="margins",
        title=f"The model hesitates on {unsure:,} of {total:,} examples",
        text="Histogram of the margin between the two likeliest classes, from 0 (cannot choose) to 1 (certain). "
        f"{unsure} of {total} lie below 0.25.",
        spec=histogram(_values(bins), title="Margin", marks=[0.25]),
        columns=["Margin", "Examples"],
        rows=list(_rows(bins)),
        note=f"n = {total:,}; the line marks a margin of 0.25",
    )


def log_odds_figure(bins: list[Bin], *, suspects: int) -> Figure:
    total = sum(b.n for b in bins)
    return Figure(
        id="log-odds",
        title=f"{suspects:,} of {total:,} given labels are suspect",
        text="Histogram of the log-odds of the given label by the model, out of sample. "
        "The tail on the left holds labels the model finds hard to believe.",
        spec=histogram(_values(bins), title="Log-odds of the given label"),
        columns=["Log-odds", "Examples"],
        rows=list(_rows(bins)),
        note=f"n = {total:,} labelled examples; low is suspect",
    )
