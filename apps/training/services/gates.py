"""Benchmarks frozen, candidates judged, models promoted, rejected and rolled back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.core.errors import BadInput, DomainError, IllegalMove, NotAllowed, NotFound
from apps.core.events import record_event
from apps.core.moves import move
from apps.core.store import write_table
from apps.examples.models import Split
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.registry.models import PRODUCTION, AliasMove, ModelVersion
from apps.registry.queries import ledger, production
from apps.registry.services import move_alias, queue_prediction
from apps.training.domain import GatePlan, judge
from apps.training.models import Benchmark, Gate, GateState
from apps.training.queries import BENCHMARK_ROWS, benchmark_batches, outcomes, slices_of


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


class BaselineMoved(DomainError):
    code = "baseline_moved"

    def __init__(self) -> None:
        super().__init__(
            "The model in production is not the one this gate compared with. Judge the candidate again first."
        )


@transaction.atomic
def freeze_benchmark(*, project: Project, name: str, plan: Any, by: User, at: datetime) -> Benchmark:
    """Freeze the project's benchmark split under a name, with its plan, before candidates are measured."""
    require(person=by, project=project, action="train")
    if project.benchmarks.filter(name=name).exists():
        raise BadInput(
            f"There is already a benchmark {name!r}, and a frozen one never changes.", field="name"
        )
    if not 1 <= len(name.strip()) <= 80:
        raise BadInput("Give the benchmark a name of 1 to 80 characters.", field="name")
    checked = GatePlan.parse(plan)
    _check_labels(project)
    stored = write_table("benchmarks", benchmark_batches(project=project), schema=BENCHMARK_ROWS)
    if stored.rows == 0:
        raise BadInput("No example has the split `benchmark` and a label. Import some first.", field="split")
    benchmark = Benchmark.objects.create(
        project=project,
        name=name,
        digest=stored.digest,
        rows=stored.rows,
        plan=asdict(checked),
        owner=by,
        frozen_at=at,
    )
    record_event(
        kind="benchmark.frozen", row=benchmark, at=at, actor=by, digest=stored.digest, rows=stored.rows
    )
    return benchmark


def _check_labels(project: Project) -> None:
    classes = project.protocol.classes if project.protocol else []
    rows = project.examples.filter(split=Split.BENCHMARK, label__isnull=False)
    alien = rows.exclude(label__in=classes).order_by("key").first()
    if alien is not None:
        raise BadInput(
            f"{alien.key!r} has the label {alien.label!r}, which is not one of the protocol's options.",
            field="label",
        )


@transaction.atomic
def judge_candidate(*, candidate: ModelVersion, at: datetime, by: User | None = None) -> Gate:
    """Compare the candidate with the model in production on the project's benchmark."""
    if by is not None:
        require(person=by, project=candidate.project, action="train")
    benchmark = candidate.project.benchmarks.first()
    if benchmark is None:
        raise BadInput("The project has no benchmark. Freeze one before judging.", field="benchmark")
    baseline = production(project=candidate.project)
    if baseline == candidate:
        raise BadInput(
            "This model is in production already: there is nothing to compare it with.", field="model"
        )
    plan = GatePlan.parse(benchmark.plan)
    measured = outcomes(benchmark=benchmark, models=[m for m in (candidate, baseline) if m])
    verdict, checks = judge(
        measured[0], measured[1] if baseline else None, slices=slices_of(benchmark, plan), plan=plan
    )
    gate = Gate.objects.create(
        project=candidate.project,
        benchmark=benchmark,
        candidate=candidate,
        baseline=baseline,
        plan=benchmark.plan,
        plan_digest=plan.digest(benchmark.digest),
        verdict=verdict,
        checks=[asdict(check) for check in checks],
        round_number=candidate.round_number,
        created_at=at,
    )
    record_event(kind="gate.judged", row=gate, at=at, actor=by, verdict=verdict, candidate=candidate.number)
    return gate


def _lock(*, gate_id: int, project: Project) -> Gate:
    rows = Gate.objects.select_for_update(of=("self",)).select_related("candidate", "baseline", "project")
    gate = rows.filter(pk=gate_id, project=project).first()
    if gate is None:
        raise NotFound("There is no such gate in this project.")
    return gate


def _lock_production(project: Project) -> None:
    """One move of the project's aliases at a time, or two leads could both go from the same model."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


@transaction.atomic
def ask_override(*, gate_id: int, project: Project, by: User, reason: str, at: datetime) -> Gate:
    """One lead's half of an override: the reason. A second lead's `promote` is the other half."""
    require(person=by, project=project, action="promote")
    if not reason.strip():
        raise BadInput("Say why this model should be promoted against the gate.", field="reason")
    gate = _lock(gate_id=gate_id, project=project)
    if gate.state != GateState.JUDGED:
        raise IllegalMove(gate, gate.state, "overridden")
    if gate.verdict == Gate.Verdict.PASS:
        raise BadInput("The gate has passed: promote it without an override.", field="gate")
    Gate.objects.filter(pk=gate.pk).update(override_by=by, override_reason=reason[:4_000])
    gate.override_by, gate.override_reason = by, reason[:4_000]
    record_event(kind="gate.override_asked", row=gate, at=at, actor=by, reason=reason[:400])
    return gate


@transaction.atomic
def promote(*, gate_id: int, project: Project, by: User, at: datetime, note: str = "") -> AliasMove:
    """Put the candidate and its curriculum into production: on a passed gate, or as the second lead of an override."""
    require(person=by, project=project, action="promote")
    _lock_production(project)
    gate = _lock(gate_id=gate_id, project=project)
    if production(project=project) != gate.baseline:
        raise BaselineMoved
    kind, reason = AliasMove.Kind.PROMOTE, note[:4_000]
    if gate.verdict != Gate.Verdict.PASS:
        if gate.override_by_id is None:
            raise GateNotPassed(gate.verdict)
        if gate.override_by_id == by.pk:
            raise SecondLeadNeeded
        kind, reason = AliasMove.Kind.OVERRIDE, gate.override_reason
    move(
        gate, to=GateState.PROMOTED, at=at, actor=by, decided_by=by, decided_at=at, decision_note=note[:4_000]
    )
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
    queue_prediction(model=gate.candidate, by=by, at=at)
    return line


@transaction.atomic
def reject(*, gate_id: int, project: Project, by: User, reason: str, at: datetime) -> Gate:
    """Leave the candidate out of production, with a reason."""
    require(person=by, project=project, action="promote")
    if not reason.strip():
        raise BadInput("Say why the model is rejected: the round's reflection builds on it.", field="reason")
    gate = _lock(gate_id=gate_id, project=project)
    move(
        gate,
        to=GateState.REJECTED,
        at=at,
        actor=by,
        decided_by=by,
        decided_at=at,
        decision_note=reason[:4_000],
    )
    return gate


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
    came = (
        ledger(project=project, name=name)
        .filter(to_model=current)
        .exclude(kind=AliasMove.Kind.ROLL_BACK)
        .first()
    )
    if came is None or came.from_model is None:
        raise BadInput(f"There is nothing before {current} to roll back to.", field="alias")
    return move_alias(
        project=project,
        name=name,
        model=came.from_model,
        kind=AliasMove.Kind.ROLL_BACK,
        by=by,
        at=at,
        reason=reason,
    )
