"""What a run can choose from, what it found, and what the answers say of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from apps.algorithms.comparison import proportion_interval
from apps.algorithms.estimation import ErrorRate, error_rate
from apps.algorithms.intervals import Interval
from apps.annotation.domain import is_wrong
from apps.annotation.models import CLOSED, Annotation, Consensus, Task, TaskState
from apps.calibration.models import Gold
from apps.core.errors import NotFound
from apps.core.store import read_batches
from apps.examples.models import Example, Split
from apps.examples.queries import given_read
from apps.mining.domain import Frame
from apps.mining.models import UNDER_WAY, MiningRun
from apps.projects.models import Project
from apps.registry.queries import classes_today


def drawn_from(run: MiningRun) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Ids (n,) of what a run without predictions can draw from, and apart from them those of the gold."""
    askable = _askable(run.project).order_by("pk")
    drawn, gold = askable.filter(is_gold=False), askable.filter(is_gold=True)  # type: ignore[misc]  # annotated
    ids, apart = (np.array(list(found.values_list("pk", flat=True)), np.int64) for found in (drawn, gold))
    return ids, apart


def frames_of(run: MiningRun) -> tuple[Frame, Frame]:
    """What the run can choose from, and apart from it the gold: predicted examples of pool and train.

    Nobody chooses what people have settled or are being asked, here or in another queue. The model's classes and
    the given labels are read as the protocol in force does; classes that became one are added up.
    """
    assert run.prediction_set is not None
    classes, as_today = classes_today(project=run.project, classes=run.prediction_set.classes)
    code = {label: place for place, label in enumerate(classes)}
    ids: list[int] = []
    labels: list[int] = []
    gold: list[bool] = []
    kept: list[np.ndarray[Any, Any]] = []
    for batch in read_batches("predictions", run.prediction_set.digest, columns=["key", "probs"]):
        keys = batch.column("key").to_pylist()
        probs = np.asarray(batch.column("probs").flatten(), dtype=np.float64).reshape(
            len(keys), len(as_today)
        )
        known = _eligible(run.project, keys)
        places = [place for place, key in enumerate(keys) if key in known]
        kept.append(probs[places] @ as_today)
        ids += [known[keys[place]][0] for place in places]
        labels += [code.get(known[keys[place]][1] or "", -1) for place in places]
        gold += [known[keys[place]][2] for place in places]
    probs = np.concatenate(kept) if kept else np.zeros((0, len(classes)))
    whole = Frame(np.array(ids, np.int64), np.array(labels, np.int64), probs, classes)
    apart = np.array(gold, dtype=bool)
    return whole.part(~apart), whole.part(apart)


def _askable(project: Project) -> QuerySet[Example]:
    """Examples of pool and train that people can be asked about, and gold; each with `is_gold`."""
    in_service = Gold.objects.filter(project=project, example=OuterRef("pk"), retired_at=None)
    asked = Task.objects.filter(example=OuterRef("pk")).exclude(state=TaskState.WITHDRAWN)
    found = Example.objects.filter(project=project, split__in=[Split.POOL, Split.TRAIN])
    return found.annotate(is_gold=Exists(in_service)).filter(Q(is_gold=True) | ~Exists(asked))


def _eligible(project: Project, keys: list[str]) -> dict[str, tuple[int, str | None, bool]]:
    """id, given label and whether it is gold, by key."""
    found = _askable(project).filter(key__in=keys)
    return {
        one.key: (one.pk, given_read(project=project, example=one).label, one.is_gold)  # type: ignore[attr-defined]
        for one in found.only("key", "label", "updated_at")
    }


def under_way(*, project: Project) -> MiningRun | None:
    """The mining run that is queued or running; there is never more than one."""
    return MiningRun.objects.filter(project=project, state__in=UNDER_WAY).first()


def runs_of(*, project: Project) -> QuerySet[MiningRun]:
    return MiningRun.objects.select_related("prediction_set__model", "created_by").filter(project=project)


def run_in(*, project: Project, run_id: int) -> MiningRun:
    """The project's mining run; raises `NotFound`."""
    run = runs_of(project=project).filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such mining run in this project.")
    return run


def seconds_per_answer(*, project: Project) -> float | None:
    """Median active time of the newest 200 answers, None before the first."""
    spent = Annotation.objects.filter(protocol__project=project, active_ms__gt=0).order_by("-pk")
    times = list(spent.values_list("active_ms", flat=True)[:200])
    return float(np.median(times)) / 1000 if times else None


def reviews_of(*, runs: QuerySet[MiningRun], unmined: Sequence[int] = ()) -> dict[int, dict[str, int]]:
    """By project, the runs' tasks by state, gold left out; nothing for a project without any.

    Of the projects `unmined`, the tasks that no run has opened.
    """
    chosen = Q(mining_run_id__in=runs.values("pk")) | Q(mining_run_id=None, queue__project__in=list(unmined))
    tasks = Task.objects.filter(chosen).exclude(reason=Task.Reason.GOLD)
    found: dict[int, dict[str, int]] = {}
    for project, state, n in tasks.values_list("queue__project_id", "state").annotate(n=Count("pk")):
        found.setdefault(project, dict.fromkeys(TaskState.values, 0))[state] = n
    return found


REASONS = {
    Task.Reason.AUDIT: "Audit sample",
    Task.Reason.LABEL_ERROR: "Suspected label errors",
    Task.Reason.MARGIN: "Smallest margins",
}


@dataclass(frozen=True)
class Yield:
    """What one reason has brought: tasks opened and closed, given labels and predictions found wrong.

    `labelled` of the closed ones have a label; of those `with_given` had one before and `predicted` a model's: no
    others can have been wrong.
    """

    reason: str
    opened: int
    closed: int
    labelled: int
    with_given: int
    predicted: int
    label_errors: int
    model_errors: int

    @property
    def given_wrong(self) -> Interval:
        return proportion_interval(self.label_errors, self.with_given)

    @property
    def model_wrong(self) -> Interval:
        return proportion_interval(self.model_errors, self.predicted)

    @property
    def title(self) -> str:
        return REASONS[Task.Reason(self.reason)]


def yields(*, run: MiningRun) -> list[Yield]:
    """Per reason, what the run's tasks have shown so far."""
    tasks = Task.objects.filter(mining_run_id=run.pk).exclude(reason=Task.Reason.GOLD)
    opened = dict(tasks.values_list("reason").annotate(n=Count("pk")))
    found: dict[str, list[tuple[str | None, str | None, str | None]]] = {reason: [] for reason in opened}
    closed = Consensus.objects.filter(task__in=tasks, task__state__in=CLOSED)
    for reason, label, given, predicted in closed.values_list(
        "task__reason", "label", "task__given_label", "task__prediction__label"
    ):
        found[reason].append((label, given, predicted))
    return [_yield(reason, opened[reason], rows) for reason, rows in sorted(found.items())]


def _yield(reason: str, opened: int, closed: list[tuple[str | None, str | None, str | None]]) -> Yield:
    rows = [row for row in closed if row[0] is not None]
    given = [row for row in rows if row[1] is not None]
    predicted = [row for row in rows if row[2] is not None]
    return Yield(
        reason=reason,
        opened=opened,
        closed=len(closed),
        labelled=len(rows),
        with_given=len(given),
        predicted=len(predicted),
        label_errors=sum(bool(is_wrong(before, label)) for label, before, _ in rows),
        model_errors=sum(bool(is_wrong(said, label)) for label, _, said in rows),
    )


def model_error(*, run: MiningRun) -> ErrorRate | None:
    """The model's error rate over the frame, from the audit sample and the mined census; None below two audit rows.

    None, too, where no model has said anything.
    Tasks that are not settled yet, or have no label, count as non-response.
    """
    if run.prediction_set_id is None:
        return None
    rows = list(
        Consensus.objects.filter(task__mining_run_id=run.pk, label__isnull=False, task__state__in=CLOSED)
        .exclude(task__reason=Task.Reason.GOLD)
        .values_list(
            "label", "task__prediction__label", "task__inclusion_probability", "task__signals__reached"
        )
    )
    # rows the ranking did not reach are the only ones that speak for those nobody was asked about
    if sum(pi is not None and not flag for _, _, pi, flag in rows) < 2:
        return None
    errors = np.array([label != predicted for label, predicted, *_ in rows], dtype=float)
    inclusion = np.array([np.nan if pi is None else pi for *_, pi, _ in rows])
    reached = np.array([bool(flag) for *_, flag in rows])
    if not reached.any():
        return error_rate(errors, inclusion)
    asked = Task.objects.filter(mining_run_id=run.pk).exclude(reason=Task.Reason.GOLD)
    n_reached = asked.filter(signals__reached=True).count()
    return error_rate(errors, inclusion, reached=reached, n_reached=n_reached, n_frame=run.frame)


@dataclass(frozen=True)
class Findings:
    """What a finished run has brought: by reason, the model's error, and how far the review is."""

    yields: list[Yield]
    error: ErrorRate | None
    review: dict[str, int]

    @property
    def closed(self) -> int:
        return self.review[TaskState.AGREED] + self.review[TaskState.SETTLED]

    @property
    def asked(self) -> int:
        return sum(self.review.values())

    @property
    def error_span(self) -> float:
        """The end of a scale on which the interval can be read."""
        return min(1.0, 1.5 * self.error.high) if self.error else 1.0


def findings(*, run: MiningRun) -> Findings | None:
    """None until the run is done."""
    if run.state != MiningRun.State.DONE:
        return None
    review = reviews_of(runs=MiningRun.objects.filter(pk=run.pk))
    return Findings(
        yields=yields(run=run),
        error=model_error(run=run),
        review=review.get(run.project_id, dict.fromkeys(TaskState.values, 0)),
    )
