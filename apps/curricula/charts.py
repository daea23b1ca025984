"""Pictures of what a proposal changes."""

from __future__ import annotations

from apps.core.charts import Figure, before_after
from apps.curricula.review import Review, Share


def stages_figure(review: Review) -> Figure:
    new = [share for share in review.stages if share.after and not share.before]
    title = (
        f"{', '.join(share.name for share in new).capitalize()}: new in this version"
        if new and review.before
        else "How many rows each stage holds"
    )
    return _figure(review, "stages", title, "stage", review.stages)


def labels_figure(review: Review) -> Figure:
    most = max(review.labels, key=lambda share: share.change, default=None)
    gains = most is not None and most.change > 0
    title = f"Label {most.name} gains most: {most.change:+d} rows" if most and gains else "Rows by label"
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
