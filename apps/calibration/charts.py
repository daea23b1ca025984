"""Pictures of how true people are, as Vega-Lite."""

from __future__ import annotations

from typing import Any

import altair as alt

from apps.calibration.queries import Stated


def confidence_chart(groups: list[Stated]) -> dict[str, Any]:
    """Share of right gold answers per stated confidence, with its interval."""
    values = [
        {"stated": f"{g.confidence} · {g.word}", "right": g.right.estimate, "low": g.right.low,
         "high": g.right.high, "n": g.n}
        for g in groups
    ]  # fmt: skip
    base = alt.Chart({"values": values}).encode(
        x=alt.X("stated:N", title="Stated confidence", axis=alt.Axis(labelAngle=0), sort=None),
        tooltip=["stated:N", alt.Tooltip("right:Q", format=".3f"), "n:Q"],
    )
    scale = alt.Scale(domain=[0, 1])
    bars = base.mark_rule(strokeWidth=4, opacity=0.4).encode(
        y=alt.Y("low:Q", title="Share right", scale=scale, axis=alt.Axis(format=".0%", tickCount=5)),
        y2="high:Q",
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(y=alt.Y("right:Q", scale=scale))
    spec: dict[str, Any] = (bars + points).properties(height=220).to_dict()
    return spec


def finding(groups: list[Stated]) -> str:
    """The chart's title: what it shows, in words."""
    if len(groups) < 2:
        return "Too little confidence has been stated to say whether it can be trusted"
    first, last = groups[0].right, groups[-1].right
    if last.low > first.high:
        return "People know when they are right: the surer they say they are, the more often they are"
    if last.estimate < first.estimate:
        return "Stated confidence misleads: the surest answers are not the truest"
    if last.estimate == first.estimate:
        return "Sure or not, people were equally often right"
    return "Surer answers look truer, but the intervals still overlap"
