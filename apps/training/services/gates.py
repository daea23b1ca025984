"""Benchmarks frozen, candidates judged, models promoted, rejected and rolled back."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.core.errors import BadInput, DomainError, NotAllowed, NotFound
from apps.core.events import record_event
from apps.core.models import RunState
from apps.core.moves import move, refused
from apps.core.store import Stored, write_table
from apps.examples.models import Split
from apps.examples.queries import given_read
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.registry.models import PRODUCTION, AliasMove, ModelVersion, PredictionRun
from apps.registry.queries import production, roll_back_target
from apps.registry.services import move_alias, queue_prediction
from apps.training.domain import Check, GatePlan, Outcome, combine, judge
from apps.training.models import Benchmark, Gate, GateState
from apps.training.queries import (
    BENCHMARK_ROWS,
    Missing,
    NotMeasured,
    benchmark_batches,
    judged_last,
    outcomes_on,
    slices_of,
)
from apps.training.services.notices import tell_decided, tell_second_lead, tell_verdict


class GateNotPassed(DomainError):
    code = "gate_not_passed"

    def __init__(self, verdict: str) -> None:
        words = verdict.replace("_", " ")
        super().__init__(
            f"The gate says {words}, so this model is not promoted. Reject it, or have one lead ask for an override "
            "with a reason and a second lead confirm it."
        )


class SecondLeadNeeded(NotAllowed):
    code = "second_lead_needed"

    def __init__(self) -> None:
        super().__init__("You asked for this override, so a second lead has to confirm it.")


class NameTaken(BadInput):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is already a benchmark {name!r}, and a frozen one never changes.", field="name"
        )


class BaselineMoved(DomainError):
    code = "baseline_moved"

    def __init__(self) -> None:
        super().__init__(
            "The model in production is not the one this gate compared with. Judge the candidate again first."
        )


def freeze_benchmark(*, project: Project, name: str, plan: Any, by: User, at: datetime) -> Benchmark:
    """Freeze the project's benchmark split under a name, with its plan, before candidates are measured on it.

    The model in production is measured on it at once, so that the next candidate has something to beat.
    """
    require(person=by, project=project, action="train")
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise BadInput("Give the benchmark a name of 1 to 80 characters.", field="name")
    checked = GatePlan.parse(plan)
    if project.benchmarks.filter(name=name).exists():
        raise NameTaken(name)
    _check_labels(project)
    _check_protected(project, checked.protected)
    # outside the transaction: writing may take long, and content nobody names does no harm
    stored = write_table("benchmarks", benchmark_batches(project=project), schema=BENCHMARK_ROWS)
    if stored.rows == 0:
        raise BadInput("No example has the split `benchmark` and a label. Import some first.", field="split")
    try:
        return _record_benchmark(project, name, checked, stored, by, at)
    except IntegrityError as error:
        raise NameTaken(name) from error  # somebody else was quicker


@transaction.atomic
def _record_benchmark(
    project: Project, name: str, plan: GatePlan, stored: Stored, by: User, at: datetime
) -> Benchmark:
    values: dict[str, Any] = {"digest": stored.digest, "rows": stored.rows}
    benchmark = Benchmark.objects.create(
        project=project, name=name, plan=asdict(plan), owner=by, frozen_at=at, **values
    )
    record_event(kind="benchmark.frozen", row=benchmark, at=at, actor=by, **values)
    in_production = production(project=project)
    if in_production:
        queue_measurements(missing=[(in_production, benchmark)], by=by, at=at)
    return benchmark


def _check_protected(project: Project, attribute: str) -> None:
    """The groups that are to be protected must be there: a plan never changes afterwards."""
    rows = project.examples.filter(split=Split.BENCHMARK)
    if attribute and rows.exists() and not rows.filter(attributes__has_key=attribute).exists():
        raise BadInput(
            f"No benchmark example has the attribute {attribute!r}. Name one they have, or leave it empty.",
            field="protected",
        )


def _check_labels(project: Project) -> None:
    classes = project.protocol.classes if project.protocol else []
    rows = project.examples.filter(split=Split.BENCHMARK, label__isnull=False).order_by("key")
    read = ((one, given_read(project=project, example=one).label) for one in rows.iterator())
    # what a later version left behind stands in no benchmark: it cannot be mended, examples of one never change
    alien = next((one for one, label in read if label is not None and label not in classes), None)
    if alien is not None:
        raise BadInput(
            f"{alien.key!r} has the label {alien.label!r}, which is not one of the protocol's options.",
            field="label",
        )


@transaction.atomic
def queue_measurements(*, missing: list[Missing], by: User | None, at: datetime) -> list[PredictionRun]:
    """Queue a prediction run for each model and benchmark, where none is under way already.

    A model trained outside predicts there: it cannot be run.
    """
    under_way = PredictionRun.objects.filter(state__in=[RunState.QUEUED, RunState.RUNNING])
    return [
        queue_prediction(model=model, by=by, at=at, benchmark=benchmark.digest)
        for model, benchmark in missing
        if not model.outside and not under_way.filter(model=model, benchmark=benchmark.digest).exists()
    ]


def judge_candidate(
    *,
    candidate: ModelVersion,
    at: datetime,
    by: User | None = None,
    benchmarks: list[Benchmark] | None = None,
) -> list[Gate]:
    """Compare the candidate with the model in production on each benchmark (all of the project's when not said).

    Asked again while nobody has decided and nothing has changed, the judgement that stands.
    Raises `NotMeasured`, after the missing prediction runs are queued, when one of the two was not measured.
    """
    if by is not None:
        require(person=by, project=candidate.project, action="train")
    chosen = list(candidate.project.benchmarks.all()) if benchmarks is None else benchmarks
    if not chosen:
        raise BadInput("The project has no benchmark. Freeze one before judging.", field="benchmark")
    baseline = production(project=candidate.project)
    if baseline == candidate:
        raise BadInput(
            "This model is in production already: there is nothing to compare it with.", field="model"
        )
    try:
        measured = outcomes_on(benchmarks=chosen, models=[m for m in (candidate, baseline) if m])
    except NotMeasured as gap:
        queue_measurements(missing=gap.missing, by=by, at=at)
        raise
    # read and compared outside the transaction: only what came of it is written in one
    found = [(benchmark, *_compare(benchmark, *pair)) for benchmark, pair in measured]
    return _record_gates(candidate, baseline, found, by, at)


def _compare(
    benchmark: Benchmark, candidate: Outcome, baseline: Outcome | None = None
) -> tuple[str, list[Check]]:
    plan = GatePlan.parse(benchmark.plan)
    return judge(candidate, baseline, slices=slices_of(benchmark, plan), plan=plan)


Found = list[tuple[Benchmark, str, list[Check]]]


def _standing_judgement(candidate: ModelVersion, baseline: ModelVersion | None, found: Found) -> list[Gate]:
    """The newest judgement, where it says the same and waits for a decision; else none.

    One that was decided on does not stand: a model that was rolled back has to be decided on anew.
    """
    last = judged_last(model=candidate)
    told = {gate.benchmark_id: gate.checks for gate in last}
    same = told == {benchmark.pk: [asdict(check) for check in checks] for benchmark, _, checks in found}
    waits = all(gate.state == GateState.JUDGED and gate.baseline == baseline for gate in last)
    return last if same and waits else []


@transaction.atomic
def _record_gates(
    candidate: ModelVersion, baseline: ModelVersion | None, found: Found, by: User | None, at: datetime
) -> list[Gate]:
    ModelVersion.objects.select_for_update(no_key=True).get(
        pk=candidate.pk
    )  # asked twice at once, judged once
    if standing := _standing_judgement(candidate, baseline, found):
        return standing
    overall, judgement = combine([verdict for _, verdict, _ in found]), uuid.uuid4()
    gates = [
        Gate.objects.create(
            project=candidate.project,
            judgement=judgement,
            benchmark=benchmark,
            candidate=candidate,
            baseline=baseline,
            plan=benchmark.plan,
            plan_digest=GatePlan.parse(benchmark.plan).digest(benchmark.digest),
            verdict=verdict,
            overall=overall,
            checks=[asdict(check) for check in checks],
            round_number=candidate.round_number,
            created_at=at,
        )
        for benchmark, verdict, checks in found
    ]
    for gate in gates:
        facts: dict[str, Any] = {"verdict": gate.verdict, "candidate": candidate.number}
        record_event(kind="gate.judged", row=gate, at=at, actor=by, **facts)
    tell_verdict(gates[0], at=at)
    return gates


def _lock(*, gate_id: int, project: Project) -> list[Gate]:
    """All gates of the judgement, the one asked for first: they are decided on together."""
    asked = Gate.objects.filter(pk=gate_id, project=project).first()
    if asked is None:
        raise NotFound("There is no such gate in this project.")
    rows = Gate.objects.select_for_update(of=("self",)).select_related("candidate", "baseline", "project")
    gates = rows.filter(judgement=asked.judgement).order_by("pk")
    return sorted(gates, key=lambda gate: gate.pk != gate_id)


def _decide(gates: list[Gate], *, to: str, by: User, note: str, at: datetime) -> None:
    decision: dict[str, Any] = {"decided_by": by, "decided_at": at, "decision_note": note[:4_000]}
    for gate in gates:
        move(gate, to=to, at=at, actor=by, **decision)
    tell_decided(gates[0], at=at)


def _lock_production(project: Project) -> None:
    """One move of the project's aliases at a time, or two leads could both go from the same model."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


@transaction.atomic
def ask_override(*, gate_id: int, project: Project, by: User, reason: str, at: datetime) -> Gate:
    """One lead's half of an override: the reason. A second lead's `promote` is the other half."""
    require(person=by, project=project, action="promote")
    if not reason.strip():
        raise BadInput("Say why this model should be promoted against the gate.", field="reason")
    gates = _lock(gate_id=gate_id, project=project)
    gate = gates[0]
    if gate.state != GateState.JUDGED:
        raise refused(gate, "overridden")
    if gate.overall == Gate.Verdict.PASS:
        raise BadInput("The gate has passed: promote it without an override.", field="gate")
    asked = {"override_by": by, "override_reason": reason[:4_000]}
    Gate.objects.filter(pk__in=[one.pk for one in gates]).update(**asked)
    gate.override_by, gate.override_reason = by, reason[:4_000]
    record_event(kind="gate.override_asked", row=gate, at=at, actor=by, reason=reason[:400])
    tell_second_lead(gate, by=by, at=at)
    return gate


@transaction.atomic
def promote(*, gate_id: int, project: Project, by: User, at: datetime, note: str = "") -> AliasMove:
    """Put the candidate and its curriculum into production: on a passed gate, or as the second lead of an override."""
    require(person=by, project=project, action="promote")
    _lock_production(project)
    gates = _lock(gate_id=gate_id, project=project)
    gate = gates[0]
    if production(project=project) != gate.baseline:
        raise BaselineMoved
    kind, reason = AliasMove.Kind.PROMOTE, note[:4_000]
    if gate.overall != Gate.Verdict.PASS:
        if gate.override_by_id is None:
            raise GateNotPassed(gate.overall)
        if gate.override_by_id == by.pk:
            raise SecondLeadNeeded
        kind, reason = AliasMove.Kind.OVERRIDE, gate.override_reason
    _decide(gates, to=GateState.PROMOTED, by=by, note=note, at=at)
    line = move_alias(
        project=project,
        name=PRODUCTION,
        model=gate.candidate,
        kind=kind,
        by=by,
        at=at,
        reason=reason,
        gate_id=gate.pk,
    )
    if not gate.candidate.outside:  # else what it predicts is reported
        queue_prediction(model=gate.candidate, by=by, at=at)
    return line


@transaction.atomic
def reject(*, gate_id: int, project: Project, by: User, reason: str, at: datetime) -> Gate:
    """Leave the candidate out of production, with a reason."""
    require(person=by, project=project, action="promote")
    if not reason.strip():
        raise BadInput("Say why the model is rejected: the round's reflection builds on it.", field="reason")
    gates = _lock(gate_id=gate_id, project=project)
    _decide(gates, to=GateState.REJECTED, by=by, note=reason, at=at)
    return gates[0]


@transaction.atomic
def roll_back(*, project: Project, by: User, reason: str, at: datetime, name: str = PRODUCTION) -> AliasMove:
    """Point the alias back at the model and curriculum it held before its last promotion, in one step."""
    require(person=by, project=project, action="promote")
    if not reason.strip():
        raise BadInput("Say why you roll back: the ledger keeps it.", field="reason")
    _lock_production(project)
    current = production(project=project, name=name)
    if current is None:
        raise NotFound(f"Nothing has been promoted to {name!r} yet.")
    target = roll_back_target(project=project, name=name)
    if target is None:
        raise BadInput(f"There is nothing before {current} to roll back to.", field="alias")
    return move_alias(
        project=project,
        name=name,
        model=target,
        kind=AliasMove.Kind.ROLL_BACK,
        by=by,
        at=at,
        reason=reason,
    )
