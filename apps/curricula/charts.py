"""Pictures of what a proposal changes."""

from __future__ import annotations

from apps.core.charts import Figure, before_after
from apps.curricula.review import Review, Share


def stages_figure(review: Review) -> Figure:
    new = [share for share in review.stages if share.after and not share.before]
    title = _largest_stage(review)
    if new and review.before:
        title = f"{', '.join(share.name for share in new).capitalize()}: new in this version"
    return _figure(review, "stages", title, "stage", review.stages)


def _largest_stage(review: Review) -> str:
    largest = max(review.stages, key=lambda share: share.after, default=None)
    total = sum(share.after for share in review.stages)
    if largest is None:
        return "No stage holds a row"
    if largest.after == total:
        return f"All {total:,} rows are in one stage, {largest.name}"
    return f"Stage {largest.name} holds most: {largest.after:,} of {total:,} rows"


def labels_figure(review: Review) -> Figure:
    most = max(review.labels, key=lambda share: share.change, default=None)
    gains = most is not None and most.change > 0
    title = "No label gains rows"
    if most is not None and gains:
        title = f"Label {most.name} gains most: {most.change:+d} rows"
    return _figure(review, "labels", title, "label", review.labels)


def _figure(review: Review, id_: str, title: str, name: str, shares: list[Share]) -> Figure:
    was = f"in force (v{review.before.number})" if review.before else "nothing in force"
    now = f"proposed (v{review.proposal.curriculum.number})"
    values = [
        {name: share.name, "version": version, "n": n}
        for share in shares
        for version, n in ((was, share.before), (now, share.after))
    ]
    order = [share.name for share in shares]
    return Figure(
        id=id_,
        title=title,
        text=f"Bars per {name}: rows in force against rows proposed. The numbers are in the table under it.",
        spec=before_after(values, name=name, order=order, was=was, now=now),
        columns=[name.capitalize(), "In force", "Proposed"],
        rows=[(share.name, share.before, share.after) for share in shares],
    )
