"""Pictures of training and of models."""

from __future__ import annotations

from dataclasses import replace

from apps.core.charts import Figure, Values, heat, lines, reliability, stacked_shares
from apps.core.numbers import between, told
from apps.training.progress import Progress
from apps.training.verdict import Quality

MOST_CLASSES = 30


def curves(progress: Progress) -> list[Figure]:
    """Loss, accuracy and the sampler's mix, as far as the run has come."""
    if not progress.curve:
        return []
    return [
        _curve(progress, "loss", "Loss", ".2f"),
        _curve(progress, "accuracy", "Accuracy on what it is taught", ".2f"),
        _mix(progress),
    ]


def _curve(progress: Progress, name: str, title: str, format: str) -> Figure:
    points = [point for point in progress.curve if point.get(name) is not None]
    values = [{"epoch": point["step"], "stage": point["stage"], name: point[name]} for point in points]
    first, last = points[0][name], points[-1][name]
    return Figure(
        id=f"curve-{name}",
        title=f"{title} went from {first:.2f} to {last:.2f} in {len(points)} epochs",
        text=f"{title} per epoch, one line per stage: {', '.join(progress.stages)}. Table below.",
        spec=lines(
            values, x="epoch", y=name, series="stage", order=progress.stages, title=title, format=format
        ),
        columns=["Epoch", "Stage", title],
        rows=[(point["step"], point["stage"], f"{point[name]:.4f}") for point in points],
    )


def _mix(progress: Progress) -> Figure:
    points = [point for point in progress.curve if (point.get("mix") or {}).get("stages")]
    values = [
        {"epoch": point["step"], "taken from": stage, "rows": n}
        for point in points
        for stage, n in point["mix"]["stages"].items()
    ]
    return Figure(
        id="mix",
        title=_mix_finding(points[-1]["mix"]["stages"], progress.stages),
        text="Share of rows each epoch draws from each stage. Later stages mix in rows of the earlier ones.",
        spec=stacked_shares(values, x="epoch", y="rows", series="taken from", order=progress.stages),
        columns=["Epoch", *progress.stages],
        rows=[
            (point["step"], *(point["mix"]["stages"].get(stage, 0) for stage in progress.stages))
            for point in points
        ],
        note="What the sampler drew",
    )


def _mix_finding(last: dict[str, int], stages: list[str]) -> str:
    """What the last epoch drew, in a sentence."""
    if len(stages) == 1:
        return f"All rows come from the one stage there is, {stages[0]}"
    replayed = sum(n for stage, n in last.items() if stage != stages[-1])
    share = replayed / max(1, sum(last.values()))
    if not replayed:
        return f"The last stage, {stages[-1]}, draws on none of the earlier ones"
    return f"In the last stage, {stages[-1]}, {share:.0%} of the rows come from earlier ones"


def quality_figures(quality: Quality, *, of: str) -> list[Figure]:
    """Two pictures; `of` sets those of one gate apart from another's on the same page."""
    figures = [_confusion(quality), _reliability(quality)]
    return [replace(figure, id=f"{figure.id}-{of}") for figure in figures]


def _shown_classes(quality: Quality) -> list[int]:
    """All of them, or where there are too many to read, those with most errors."""
    matrix = quality.confusion
    errors = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
    worst = sorted(range(len(quality.classes)), key=lambda i: -int(errors[i]))[:MOST_CLASSES]
    return sorted(worst)


def _confusion(quality: Quality) -> Figure:
    matrix, names = quality.confusion, quality.classes
    shown = _shown_classes(quality)
    pairs = [(int(matrix[i, j]), names[i], names[j]) for i in shown for j in shown if i != j and matrix[i, j]]
    wrong = sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))
    errors = int(matrix.sum() - matrix.diagonal().sum())
    most = f"; most often {wrong[0][1]} read as {wrong[0][2]} ({wrong[0][0]})" if wrong else ""
    kept = f"; the {len(shown)} classes with most errors" if len(shown) < len(names) else ""
    return Figure(
        id="confusion",
        title=f"{errors} of {quality.n} wrong{most}",
        text="Confusion matrix: true class per row, predicted class per column. Errors are coloured by their "
        "share of the true class. The table lists every confusion.",
        spec=heat(_cells(quality, shown), order=[names[i] for i in shown]),
        columns=["True", "Predicted", "Times"],
        rows=[(true, predicted, n) for n, true, predicted in wrong],
        note=f"n = {quality.n}{kept}",
    )


def _cells(quality: Quality, shown: list[int]) -> Values:
    """Right answers carry no colour: they would drown the errors, which are what one looks for."""
    matrix, names = quality.confusion, quality.classes
    totals = [max(1, int(row.sum())) for row in matrix]
    return [
        {
            "true": names[i],
            "predicted": names[j],
            "n": int(matrix[i, j]),
            "share": matrix[i, j] / totals[i],
            "shown": 0 if i == j else matrix[i, j] / totals[i],
        }
        for i in shown
        for j in shown
    ]


def _reliability(quality: Quality) -> Figure:
    curve = quality.reliability
    names = ("confidence", "accuracy", "low", "high", "count")
    points = list(zip(*(getattr(curve, name).tolist() for name in names), strict=True))
    gap = sum(n * (c - a) for c, a, _, _, n in points) / quality.n
    word = "too sure of itself" if gap > 0.01 else "too modest" if gap < -0.01 else "as sure as it should be"
    return Figure(
        id="reliability",
        title=f"The model is {word}: off by {quality.expected_error:.3f} on average over {quality.n:,} answers",
        text="Reliability diagram: stated confidence against the share that was right, per bin with 95 % interval. "
        "On the dashed diagonal both are equal.",
        spec=reliability(
            [{"confidence": c, "accuracy": a, "low": lo, "high": hi, "n": n} for c, a, lo, hi, n in points]
        ),
        columns=["Confidence", "Share right", "95 % interval", "n"],
        rows=[(told(c), told(a), between(lo, hi), n) for c, a, lo, hi, n in points],
        note=f"n = {quality.n}",
    )
