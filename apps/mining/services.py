"""Mining runs started and recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from apps.accounts.models import User
from apps.algorithms.selection import Selection
from apps.annotation.models import Queue, Task
from apps.annotation.services.notices import tell_experts
from apps.annotation.services.tasks import open_tasks, queue_for
from apps.calibration.services import open_gold_tasks
from apps.core.errors import BadInput, DomainError
from apps.core.jobs import MINE, enqueue_run
from apps.core.runs import lock_claimed
from apps.examples.models import Example
from apps.examples.queries import given_read
from apps.mining.domain import CHANCE_WHY, Frame, Policy, Signals, signals_of, spreads_of, top_classes, why
from apps.mining.models import LatestScore, MiningRun
from apps.mining.queries import under_way
from apps.projects.models import Group, Project
from apps.projects.permissions import require
from apps.projects.queries import able_people
from apps.projects.runs import finish
from apps.projects.services.groups import audience
from apps.registry.models import PredictionSet
from apps.registry.queries import predictions_of, production

Ids = npt.NDArray[np.int64]
NOT_PREDICTED = "There are no predictions of the model in production yet. Wait for its prediction run."
MADE_OUTSIDE = (
    "The model in production was trained elsewhere, and nobody has reported what it predicts on the pool. "
    "Its trainer reports that through the API (docs/outside-trainer.md)."
)


class NothingToMine(DomainError):
    code = "nothing_to_mine"


class AlreadyMining(DomainError):
    """Two runs at once would ask people about the same examples twice."""

    code = "already_mining"

    def __init__(self, run: MiningRun) -> None:
        super().__init__(
            f"Mining run {run.pk} is {run.state}. Wait until it is over, or cancel it, before you start another.",
            run=run.pk,
        )


@transaction.atomic
def start_mining(
    *,
    project: Project,
    by: User,
    at: datetime,
    policy: Any = None,
    seed: int | None = None,
    prediction_set: int | None = None,
) -> MiningRun:
    """Queue a mining run over a prediction set: the given one, else the newest of the model in production.

    Where no model is in production yet, a policy that asks only for an audit sample draws it by chance alone.
    """
    require(person=by, project=project, action="mine")
    if project.protocol is None:
        raise BadInput("Add a protocol first: it says what people are asked.", field="protocol")
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if earlier := under_way(project=project):
        raise AlreadyMining(earlier)
    checked = Policy.parse(policy)
    run = MiningRun.objects.create(
        project=project,
        prediction_set=_predictions(project, prediction_set, checked),
        policy=asdict(checked),
        reserved_for=_audience(project, checked, at),
        seed=project.round_number if seed is None else seed,
        created_by=by,
        created_at=at,
        round_number=project.round_number,
    )
    enqueue_run(MINE, run, at=at)
    return run


def _audience(project: Project, policy: Policy, at: datetime) -> Group | None:
    """Whom the tasks will be for; raises `BadInput` where these people could never give all the answers."""
    group = audience(project=project, address=policy.reserved_for, at=at)
    if group is not None and (people := len(able_people(group=group))) < policy.overlap:
        raise BadInput(
            f"Each task asks for {policy.overlap} answers, but {group} {'is' if group.person else 'has'} only "
            f"{people} who may answer. Ask for fewer answers, put more people into the group, or choose others.",
            field="reserved_for",
        )
    return group


def _predictions(project: Project, prediction_set: int | None, policy: Policy) -> PredictionSet | None:
    if prediction_set is not None:
        found = project.prediction_sets.filter(pk=prediction_set, purpose=PredictionSet.Purpose.POOL).first()
        if found is None:
            raise BadInput(
                "There is no prediction set of that number that can be mined.", field="prediction_set"
            )
        return found
    model = production(project=project)
    if model is None and policy.by_chance:
        return None
    if model is None:
        raise NothingToMine(
            "No model is in production yet, and mining chooses by what one says. Ask for an audit sample alone "
            "(label_error and margin 0), or train a model from the labels there are and promote it."
        )
    newest = predictions_of(model=model)
    if newest is None:
        raise NothingToMine(MADE_OUTSIDE if model.outside else NOT_PREDICTED)
    return newest


@transaction.atomic
def record_mining(
    *,
    run: MiningRun,
    frame: Frame,
    gold: Frame,
    signals: Signals,
    picks: Selection,
    at: datetime,
    rng: np.random.Generator,
) -> None:
    """Write the latest scores and open the tasks; raises `ClaimLost` when another worker has taken over."""
    row, queue = _locked(run, at)
    write_scores(run=row, frame=frame, signals=signals)
    opened = _open(row, queue, _tasks(row, frame, signals, picks, rng), at)
    opened["gold"] = _open_gold(row, gold, queue, at)
    finish(row, at=at, frame=len(frame.example_ids), opened=opened, spreads=spreads_of(signals))


@transaction.atomic
def record_draw(
    *, run: MiningRun, frame: Ids, gold: Ids, picks: Selection, at: datetime, rng: np.random.Generator
) -> None:
    """Open a task for each example that was drawn, without a prediction: `record_mining` where there is no model."""
    row, queue = _locked(run, at)
    opened = _open(row, queue, _drawn(row, frame, picks, rng), at)
    unpredicted = dict.fromkeys(map(int, gold))
    opened["gold"] = open_gold_tasks(
        queue=queue, predictions=unpredicted, model_id=None, run_id=row.pk, at=at
    )
    finish(row, at=at, frame=len(frame), opened=opened)


def _locked(run: MiningRun, at: datetime) -> tuple[MiningRun, Queue]:
    """The run and the queue of the protocol in force; raises `ClaimLost`."""
    row = lock_claimed(run)
    # locked, so that the group is not dissolved before its tasks are there; one that is gone leaves them to all
    groups = row.project.groups.select_for_update(no_key=True)
    row.reserved_for = groups.filter(pk=row.reserved_for_id or 0).first()
    assert row.project.protocol is not None  # start_mining has seen to it
    return row, queue_for(project=row.project, protocol=row.project.protocol, at=at)


def _open(run: MiningRun, queue: Queue, tasks: list[Task], at: datetime) -> dict[str, int]:
    """How many were opened, by reason."""
    open_tasks(queue=queue, tasks=tasks, at=at, source=f"mining run {run.pk}")
    if tasks:
        tell_experts(queue=queue, opened=len(tasks), group=run.reserved_for, at=at)
    return Counter(str(task.reason) for task in tasks)


def _drawn(run: MiningRun, frame: Ids, picks: Selection, rng: np.random.Generator) -> list[Task]:
    examples = Example.objects.in_bulk(map(int, frame[picks.indices]))
    return [
        Task(
            example=(example := examples[int(frame[index])]),
            payload_id=example.payload_id,
            mining_run_id=run.pk,
            reason=Task.Reason.AUDIT,
            why=CHANCE_WHY,
            given_label=given_read(project=run.project, example=example).label,
            stratum=str(picks.stratum[place]),
            inclusion_probability=float(picks.inclusion_probability[place]),
            overlap=run.policy["overlap"],
            reserved_for_id=run.reserved_for_id,
            priority=float(rng.random()),
        )
        for place, index in enumerate(picks.indices)
    ]


def _tasks(
    run: MiningRun, frame: Frame, signals: Signals, picks: Selection, rng: np.random.Generator
) -> list[Task]:
    ids = [int(frame.example_ids[i]) for i in picks.indices]
    examples = Example.objects.in_bulk(ids)
    assert run.prediction_set is not None
    tasks = []
    for place, index in enumerate(picks.indices):
        example, reason = examples[int(frame.example_ids[index])], str(picks.reason[place])
        given = given_read(project=run.project, example=example).label
        top = top_classes(frame.probs[index], frame.classes)
        inclusion = float(picks.inclusion_probability[place])
        tasks.append(
            Task(
                example=example,
                payload_id=example.payload_id,
                mining_run_id=run.pk,
                reason=reason,
                why=why(reason, top=top, given=given),
                given_label=given,
                signals={**_signals_at(signals, int(index)), "reached": bool(picks.reached[place])},
                stratum=str(picks.stratum[place]),
                inclusion_probability=None if np.isnan(inclusion) else inclusion,
                model_id=run.prediction_set.model_id,
                prediction={"label": top[0][0], "score": top[0][1], "top": top},
                overlap=run.policy["overlap"],
                reserved_for_id=run.reserved_for_id,
                # mixed, so that neither the order nor a run of one kind gives a reason away
                priority=float(rng.random()),
            )
        )
    return tasks


def _signals_at(signals: Signals, index: int) -> dict[str, Any]:
    log_odds = float(signals.log_odds[index])
    return {
        "margin": round(float(signals.margin[index]), 6),
        "entropy": round(float(signals.entropy[index]), 6),
        "confidence": round(float(signals.confidence[index]), 6),
        "log_odds": None if np.isnan(log_odds) else round(log_odds, 6),
        "suspect": bool(signals.suspect[index]),
    }


def _open_gold(run: MiningRun, gold: Frame, queue: Queue, at: datetime) -> int:
    # gold stands outside the frame, but has its prediction and scores like all else, or it would be known by its lack
    if len(gold.example_ids):
        write_scores(run=run, frame=gold, signals=signals_of(gold))
    assert run.prediction_set is not None
    predictions = {}
    for pk, probs in zip(gold.example_ids, gold.probs, strict=True):
        top = top_classes(probs, gold.classes)
        predictions[int(pk)] = {"label": top[0][0], "score": top[0][1], "top": top}
    model_id = run.prediction_set.model_id
    return open_gold_tasks(queue=queue, predictions=predictions, model_id=model_id, run_id=run.pk, at=at)


def write_scores(*, run: MiningRun, frame: Frame, signals: Signals) -> None:
    """Replace the latest scores of the frame's examples, by COPY into a passing table and one upsert."""
    names = (
        "example_id, project_id, prediction_set_id, predicted, confidence, margin, entropy, log_odds, suspect"
    )
    table = LatestScore._meta.db_table
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in names.split(", ")[2:])
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE new_scores (LIKE {table})")
        with cursor.copy(f"COPY new_scores ({names}) FROM STDIN") as copy:
            for i, pk in enumerate(frame.example_ids):
                log_odds = None if np.isnan(signals.log_odds[i]) else float(signals.log_odds[i])
                label = frame.classes[int(signals.predicted[i])]
                values = (float(signals.confidence[i]), float(signals.margin[i]), float(signals.entropy[i]))
                ids = (int(pk), run.project_id, run.prediction_set_id)
                copy.write_row((*ids, label, *values, log_odds, bool(signals.suspect[i])))
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM new_scores "
            f"ON CONFLICT (example_id) DO UPDATE SET {updates}"
        )
        cursor.execute("DROP TABLE new_scores")
