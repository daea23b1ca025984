"""Pictures as Vega-Lite: plain values in, a figure out. Colours come from the page's tokens, never from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt

Values = list[dict[str, Any]]
Y = alt.Y | alt.Y2


@dataclass(frozen=True)
class Figure:
    """A chart with its finding as title, the picture in words, and its numbers as a table."""

    id: str
    title: str
    text: str
    spec: dict[str, Any]
    columns: list[str] = field(default_factory=list)
    rows: list[Sequence[Any]] = field(default_factory=list)
    note: str = ""


def _spec(chart: Any, *, height: int) -> dict[str, Any]:
    spec: dict[str, Any] = chart.properties(height=height).to_dict()
    return spec


def lines(
    values: Values, *, x: str, y: str, series: str, order: list[str], title: str, format: str = ".2f"
) -> dict[str, Any]:
    """One line per series over whole steps, in the given order of series."""
    chart = (
        alt.Chart({"values": values})
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=14))
        .encode(
            x=alt.X(f"{x}:Q", title=x.capitalize(), axis=alt.Axis(grid=False, tickMinStep=1, format="d")),
            y=alt.Y(f"{y}:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format=format)),
            color=alt.Color(f"{series}:N", sort=order, legend=alt.Legend(title=None, orient="top")),
            tooltip=[f"{series}:N", f"{x}:Q", alt.Tooltip(f"{y}:Q", format=".4f")],
        )
    )
    return _spec(chart, height=200)


def stacked_shares(values: Values, *, x: str, y: str, series: str, order: list[str]) -> dict[str, Any]:
    """How a whole divides among the series, step by step."""
    chart = (
        alt.Chart({"values": values})
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X(f"{x}:O", title=x.capitalize(), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y(f"{y}:Q", stack="normalize", title="Share of rows", axis=alt.Axis(format=".0%")),
            color=alt.Color(f"{series}:N", sort=order, legend=alt.Legend(title=None, orient="top")),
            tooltip=[f"{x}:O", f"{series}:N", f"{y}:Q"],
        )
    )
    return _spec(chart, height=160)


def before_after(
    values: Values, *, name: str, order: list[str], was: str, now: str, title: str = "Rows"
) -> dict[str, Any]:
    """Two bars per name, `was` above `now`; values hold {name, version, n}."""
    rows = max(1, len(order))
    chart = (
        alt.Chart({"values": values})
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y(f"{name}:N", sort=order, title=None, axis=alt.Axis(labelLimit=160, ticks=False)),
            yOffset=alt.YOffset("version:N", sort=[was, now]),
            x=alt.X("n:Q", title=title, axis=alt.Axis(tickMinStep=1, grid=False, tickCount=5)),
            opacity=alt.Opacity(
                "version:O",
                sort=[was, now],
                legend=alt.Legend(title=None, orient="top", symbolType="square"),
                scale=alt.Scale(domain=[was, now], range=[0.35, 1]),
            ),
            tooltip=[f"{name}:N", "version:N", "n:Q"],
        )
    )  # fmt: skip
    return _spec(chart, height=34 * rows + 10)


def intervals(values: Values, *, x: str, order: list[str], title: str, whole: bool = False) -> dict[str, Any]:
    """An estimate with its interval per name; values hold {x, estimate, low, high, n}; `whole`: from 0 to 1."""
    scale = alt.Scale(domain=[0, 1]) if whole else alt.Scale(zero=False, nice=True)
    base = alt.Chart({"values": values}).encode(
        x=alt.X(f"{x}:N", sort=order, title=x.capitalize(), axis=alt.Axis(labelAngle=0)),
        tooltip=[
            f"{x}:N",
            *(alt.Tooltip(f"{f}:Q", format=".3f") for f in ("estimate", "low", "high")),
            "n:Q",
        ],
    )
    bars = base.mark_rule(strokeWidth=4, opacity=0.4).encode(
        y=alt.Y("low:Q", title=title, scale=scale, axis=alt.Axis(format=".2f", tickCount=5)), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(y=alt.Y("estimate:Q", scale=scale))
    return _spec(bars + points, height=200)


def histogram(values: Values, *, title: str, marks: list[float] | None = None) -> dict[str, Any]:
    """Counts between edges; values hold {from, to, n}; `marks` are lines drawn across."""
    bars = (
        alt.Chart({"values": values})
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("from:Q", bin="binned", title=title, axis=alt.Axis(grid=False)),
            x2="to:Q",
            y=alt.Y("n:Q", title="Examples", axis=alt.Axis(tickMinStep=1, tickCount=5)),
            tooltip=[alt.Tooltip("from:Q", format=".2f"), alt.Tooltip("to:Q", format=".2f"), "n:Q"],
        )
    )
    if not marks:
        return _spec(bars, height=160)
    rule = alt.Chart({"values": [{"at": mark} for mark in marks]}).mark_rule(strokeDash=[4, 3])
    return _spec(bars + rule.encode(x="at:Q"), height=160)


def heat(values: Values, *, order: list[str]) -> dict[str, Any]:
    """A confusion matrix; values hold {true, predicted, n, share, shown}: share of the true class; colour."""
    base = alt.Chart({"values": values}).encode(
        x=alt.X("predicted:N", sort=order, title="Predicted", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("true:N", sort=order, title="True"),
        tooltip=["true:N", "predicted:N", "n:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    # the diagonal would drown the errors, which are what one looks for: it is drawn pale
    top = max([0.125, *(value["shown"] for value in values)])
    # twice the greatest share: a number must stay readable on its cell
    cells = (
        base.transform_filter("datum.shown > 0")
        .mark_rect(cornerRadius=2)
        .encode(color=alt.Color("shown:Q", scale=alt.Scale(domain=[0, 2 * top]), legend=None))
    )
    words = base.transform_filter("datum.n > 0").mark_text(fontSize=11).encode(text="n:Q")
    return _spec(cells + words, height=max(160, 24 * len(order)))


def reliability(values: Values) -> dict[str, Any]:
    """Stated confidence against what came true; values hold {confidence, accuracy, low, high, n}."""
    scale = alt.Scale(domain=[0, 1])
    diagonal = alt.Chart({"values": [{"c": 0, "a": 0}, {"c": 1, "a": 1}]}).mark_line(
        strokeDash=[4, 3], strokeWidth=1, opacity=0.6
    )
    base = alt.Chart({"values": values}).encode(
        x=alt.X("confidence:Q", title="Stated confidence", scale=scale, axis=alt.Axis(format=".1f")),
        tooltip=[*(alt.Tooltip(f"{f}:Q", format=".3f") for f in ("confidence", "accuracy")), "n:Q"],
    )
    bars = base.mark_rule(strokeWidth=3, opacity=0.4).encode(
        y=alt.Y("low:Q", title="Share right", scale=scale, axis=alt.Axis(format=".1f")), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(y="accuracy:Q")
    return _spec(diagonal.encode(x="c:Q", y="a:Q") + bars + points, height=260)
