"""What a round has made, newest of each kind; for many projects in as many queries as for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q

from apps.annotation.models import CLOSED, DISPUTED, UNFINISHED, TaskState
from apps.core.models import RunState
from apps.curricula.models import CurriculumRun, Proposal, ProposalState
from apps.datasets.models import DatasetVersion, SnapshotRun
from apps.mining.models import MiningRun
from apps.mining.queries import reviews_of
from apps.projects.models import Project
from apps.training.models import Gate, GateState, TrainingRun

Rounds = Mapping[int, int]  # round number by project


@dataclass(frozen=True)
class Made:
    """What the round has made, newest of each; a link older than the one it should follow does not count."""

    number: int
    mining: MiningRun | None
    tasks: dict[str, int]
    snapshot: SnapshotRun | None
    curriculum_run: CurriculumRun | None
    proposal: Proposal | None
    training: TrainingRun | None
    gate: Gate | None

    @property
    def dataset(self) -> DatasetVersion | None:
        """What a curriculum would be made from: the newest cut, else that of a proposal that came back."""
        if self.snapshot and self.snapshot.dataset:
            return self.snapshot.dataset
        return self.proposal.curriculum.dataset if self.proposal else None

    @property
    def asked(self) -> int:
        return sum(self.tasks.values())

    @property
    def answered(self) -> int:
        return sum(self.tasks[state] for state in CLOSED)

    @property
    def unfinished(self) -> int:
        return sum(self.tasks[state] for state in UNFINISHED)

    @property
    def disputed(self) -> int:
        return sum(self.tasks[state] for state in DISPUTED)

    @property
    def where(self) -> str:
        """The phase the round is in: the first that is not done."""
        if self.number and not is_done(self.mining):
            return "mine"
        if self.unfinished and not (self.snapshot or self.curriculum_run):
            return "review"
        if self.proposal is None or self.proposal.state == ProposalState.SENT_BACK:
            return "curate"
        if self.proposal.state == ProposalState.OPEN:
            return "approve"
        if not is_done(self.training):
            return "train"
        if self.gate is None:
            return "gate"
        return "promote" if self.gate.state == GateState.JUDGED else "reflect"


def is_done(run: Any) -> bool:
    return run is not None and run.state == RunState.DONE


def made_in(*, project: Project, number: int) -> Made:
    return made_in_each(numbers={project.pk: number})[project.pk]


def made_in_each(*, numbers: Rounds) -> dict[int, Made]:
    """By project, what its round of this number has made."""
    mining = _newest_runs(MiningRun, numbers, "prediction_set__model")
    snapshots = _newest_runs(SnapshotRun, numbers, "dataset")
    curricula = _newest_runs(CurriculumRun, numbers, "dataset", "proposal__curriculum")
    kept, proposed = {}, {}
    for pk in numbers:
        kept[pk] = _after(snapshots.get(pk), mining.get(pk))
        proposed[pk] = _after(curricula.get(pk), kept[pk] or mining.get(pk))
    related = ("curriculum__dataset", "author", "decided_by")
    rows = Proposal.objects.select_related(*related)
    proposals = rows.in_bulk([run.proposal_id for run in proposed.values() if run and run.proposal_id])
    trained = _newest(TrainingRun, "proposal", proposals, "model", "recipe", "created_by")
    models = [run.model_id for run in trained.values() if run.model_id]
    gates = _decisive_gates(models)
    tasks = _reviews(numbers)
    made = {}
    for pk, number in numbers.items():
        run = proposed[pk]
        proposal = proposals.get(run.proposal_id) if run else None
        training = trained.get(proposal.pk) if proposal else None
        gate = gates.get(training.model_id) if training else None
        made[pk] = Made(number, mining.get(pk), tasks[pk], kept[pk], run, proposal, training, gate)
    return made


def _reviews(numbers: Rounds) -> dict[int, dict[str, int]]:
    """By project, its round's tasks by state; before round 1 those that no mining run has opened."""
    first = [pk for pk, number in numbers.items() if not number]
    found = reviews_of(runs=MiningRun.objects.filter(_in(numbers)), unmined=first)
    return {pk: found.get(pk, dict.fromkeys(TaskState.values, 0)) for pk in numbers}


def _in(numbers: Rounds) -> Q:
    """Rows of these rounds; of none, where there is no project."""
    each = (Q(project=pk, round_number=number) for pk, number in numbers.items())
    return reduce(or_, each, Q(pk__in=[]))


def _newest_runs(model: Any, numbers: Rounds, *related: str) -> dict[int, Any]:
    """By project, the newest run of this kind in its round."""
    rows = model.objects.select_related(*related, "created_by").filter(_in(numbers))
    newest = rows.order_by("project_id", "-pk").distinct("project_id")
    return {run.project_id: run for run in newest}


def _newest(model: Any, of: str, keys: Any, *related: str) -> dict[int, Any]:
    """By what they belong to, the newest rows of these."""
    rows = model.objects.select_related(*related).filter(**{f"{of}__in": list(keys)})
    return {getattr(row, f"{of}_id"): row for row in rows.order_by(f"{of}_id", "-pk").distinct(f"{of}_id")}


def _decisive_gates(models: list[int]) -> dict[int, Gate]:
    """By candidate, the gate decided on last, else the newest: judging again does not undo a decision."""
    rows = Gate.objects.select_related("candidate", "baseline", "benchmark", "decided_by")
    ordered = rows.order_by("candidate_id", F("decided_at").desc(nulls_last=True), "-pk")
    found = ordered.filter(candidate__in=models).distinct("candidate_id")
    return {gate.candidate_id: gate for gate in found}


def _after(run: Any, earlier: Any) -> Any:
    """The run, unless something it should rest on was made later."""
    return None if run is None or (earlier and run.created_at < earlier.created_at) else run
