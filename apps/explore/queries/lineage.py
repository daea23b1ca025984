"""Where an example came from and what became of it: judgement → dataset → curriculum → run → model → alias."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apps.core.store import read_batches
from apps.curricula.models import CurriculumVersion
from apps.datasets.domain import SOURCES
from apps.datasets.models import DatasetVersion
from apps.examples.models import Split
from apps.explore.queries.example import Asked, Dossier
from apps.mining.domain import top_classes
from apps.projects.models import Project
from apps.registry.models import AliasMove, PredictionSet
from apps.training.models import Benchmark, Gate, TrainingRun

MOVED = {
    AliasMove.Kind.PROMOTE: "promoted",
    AliasMove.Kind.OVERRIDE: "promoted against the gate",
    AliasMove.Kind.ROLL_BACK: "rolled back to",
}
NEWEST = 12  # versions of each kind that are searched; the page says so


@dataclass(frozen=True)
class Step:
    """One thing that happened to the example. `kind` names the icon, `link` the page: (view, argument)."""

    kind: str
    at: datetime
    title: str
    text: str = ""
    link: tuple[str, Any] | None = None
    state: str = ""


@dataclass(frozen=True)
class Said:
    """What one model version said: top three classes as (label, probability), and whether it saw the row."""

    model: Any
    purpose: str
    top: list[list[Any]]
    at: datetime


@dataclass(frozen=True)
class Lineage:
    steps: list[Step]
    said: list[Said]
    searched: int = NEWEST


def lineage(*, dossier: Dossier) -> Lineage:
    """Read from the store by key, newest versions first."""
    project, key = dossier.example.project, dossier.example.key
    steps = [*_arrival(dossier), *_judgements(dossier), *_frozen(project, dossier)]
    # gold enters no dataset, so that an example's lack of one would tell it
    datasets = _datasets(project, key) if dossier.tells_gold else []
    steps += [_in_dataset(version, row, hidden=_hides(dossier)) for version, row in datasets]
    taught = _curricula(project, key) if datasets else []
    steps += [_in_curriculum(version, row) for version, row in taught]
    steps += _models([version for version, _ in taught])
    return Lineage(sorted(steps, key=lambda step: step.at), [] if dossier.blind else said(project, dossier))


def find_row(kind: str, digest: str, key: str, columns: list[str]) -> dict[str, Any] | None:
    """The row with this key, read batch by batch; raises OSError when the table is missing from the store."""
    for batch in read_batches(kind, digest, columns=["key", *columns]):
        place = pc.index(batch.column("key"), value=pa.scalar(key)).as_py()
        if place >= 0:
            row: dict[str, Any] = batch.slice(place, 1).to_pylist()[0]
            return row
    return None


def said(project: Project, dossier: Dossier) -> list[Said]:
    """Each model version's newest word on the example."""
    sets = PredictionSet.objects.select_related("model").filter(project=project)
    purpose = PredictionSet.Purpose.BENCHMARK
    benchmark = dossier.example.split == Split.BENCHMARK
    sets = sets.filter(purpose=purpose) if benchmark else sets.filter(purpose=PredictionSet.Purpose.POOL)
    words = []
    for one in sets[:NEWEST]:
        row = find_row("predictions", one.digest, dossier.example.key, ["probs"])
        if row is not None:
            top = top_classes(np.array(row["probs"], dtype=np.float64), one.classes)
            words.append(Said(one.model, one.purpose, top, one.created_at))
    return words


def _hides(dossier: Dossier) -> bool:
    return any(asked.hidden for asked in dossier.tasks)


def _arrival(dossier: Dossier) -> list[Step]:
    example = dossier.example
    label = "no label" if example.label is None else f"the label {dossier.label or '(hidden)'}"
    return [Step("import", example.created_at, "Imported", f"Into {example.split}, with {label}.")]


def _judgements(dossier: Dossier) -> list[Step]:
    return [step for asked in dossier.tasks for step in _judgement(asked)]


def _judgement(asked: Asked) -> list[Step]:
    steps = [Step("pickaxe", asked.task.created_at, "People were asked", asked.task.why, state=asked.state)]
    for answer in asked.answers:
        said_ = answer.label if answer.label is not None else answer.annotation.get_condition_display()
        revision = f", revision {answer.annotation.revision}" if answer.annotation.revision > 1 else ""
        steps.append(Step("pen-line", answer.annotation.at, f"{answer.who} answered {said_}{revision}"))
    if asked.consensus:
        belief = asked.consensus
        sources = len(belief.sources)
        text = f"{_source(belief.method)}, from {sources} answer{'s' * (sources != 1)}."
        steps.append(Step("scale", belief.at, f"Consensus: {belief.label or belief.condition}", text))
    return steps


def _source(method: str) -> str:
    words = SOURCES.get(method, method)
    return f"{words[:1].upper()}{words[1:]}"


def _frozen(project: Project, dossier: Dossier) -> list[Step]:
    if dossier.example.split != Split.BENCHMARK:
        return []
    return [
        Step(
            "lock", one.frozen_at, f"Frozen in benchmark {one.name}", "It is measured with, and never taught."
        )
        for one in Benchmark.objects.filter(project=project)
        if find_row("benchmarks", one.digest, dossier.example.key, [])
    ]


def _datasets(project: Project, key: str) -> list[tuple[DatasetVersion, dict[str, Any]]]:
    columns = ["label", "source", "given_label"]
    versions = DatasetVersion.objects.filter(project=project)[:NEWEST]
    found = [(version, find_row("datasets", version.digest, key, columns)) for version in versions]
    return [(version, row) for version, row in found if row is not None]


def _in_dataset(version: DatasetVersion, row: dict[str, Any], *, hidden: bool) -> Step:
    text = f"As {row['label']}: {SOURCES.get(row['source'], row['source'])}."
    if hidden:
        text = "Its label is hidden while people are being asked."
    if not hidden and row["given_label"] not in (None, row["label"]):
        text += f" It had been given as {row['given_label']}."
    link = ("datasets:dataset", version.number)
    return Step("package", version.created_at, f"In dataset v{version.number}", text, link)


def _curricula(project: Project, key: str) -> list[tuple[CurriculumVersion, dict[str, Any]]]:
    versions = CurriculumVersion.objects.filter(project=project)[:NEWEST]
    found = [(v, find_row("curricula", v.digest, key, ["stage", "weight", "reason"])) for v in versions]
    return [(version, row) for version, row in found if row is not None]


def _in_curriculum(version: CurriculumVersion, row: dict[str, Any]) -> Step:
    stage = version.stages[row["stage"]]["name"]
    text = f"Stage “{stage}”, weight {row['weight']:.2f}, as {row['reason'].replace('_', ' ')}."
    proposal = version.proposals.first()
    link = ("curricula:proposal", proposal.pk) if proposal else None
    title = f"Taught by curriculum v{version.number}"
    return Step("layers", version.created_at, title, text, link, proposal.state if proposal else "")


def _models(curricula: list[CurriculumVersion]) -> list[Step]:
    """Runs of these curricula, the models they made, the gates these met, and the aliases that moved to them."""
    runs = TrainingRun.objects.select_related("model").filter(curriculum__in=curricula).order_by("pk")
    steps, made = [], [run.model for run in runs if run.model]
    for run in runs:
        text = f"It made model {run.model}." if run.model else run.error
        at = run.finished_at or run.started_at or run.created_at
        steps.append(Step("cpu", at, f"Training run {run.pk}", text, ("training:run", run.pk), run.state))
    for gate in Gate.objects.select_related("benchmark", "candidate").filter(candidate__in=made):
        title = f"Gate: {gate.candidate} on {gate.benchmark.name}"
        link = ("training:model", gate.candidate.number)
        steps.append(Step("shield", gate.created_at, title, "", link, gate.verdict))
    for move in AliasMove.objects.select_related("alias", "to_model").filter(to_model__in=made):
        title = f"Model {move.to_model} went into {move.alias.name}"
        link = ("training:model", move.to_model.number)
        steps.append(Step("flag", move.at, title, move.reason, link, MOVED[AliasMove.Kind(move.kind)]))
    return steps
