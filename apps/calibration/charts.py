"""Pictures of how true people are, as Vega-Lite."""

from __future__ import annotations

from typing import Any

from apps.calibration.queries import Stated
from apps.core.charts import intervals


def confidence_chart(groups: list[Stated]) -> dict[str, Any]:
    """Share of right gold answers per stated confidence, with its interval."""
    values = [
        {"stated confidence": f"{g.confidence} · {g.word}", "estimate": g.right.estimate, "low": g.right.low,
         "high": g.right.high, "n": g.n}
        for g in groups
    ]  # fmt: skip
    order = [str(value["stated confidence"]) for value in values]
    return intervals(values, x="stated confidence", order=order, title="Share right", whole=True)


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
