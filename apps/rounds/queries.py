"""Where a round stands, read off what it has made: nothing of this is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from apps.annotation.models import TaskState
from apps.core.errors import NotFound
from apps.core.models import RunState
from apps.core.runs import look_again
from apps.curricula.models import ProposalState
from apps.examples.models import Example, Split
from apps.explore.queries.jobs import Job, job_of
from apps.projects.models import Project
from apps.registry.models import PRODUCTION, Alias, ModelVersion, PredictionRun, PredictionSet
from apps.rounds.made import Made, is_done, made_in_each
from apps.rounds.models import Reflection, Round, RoundState
from apps.training.models import Benchmark, Recipe

TRACK = ("mine", "review", "curate", "approve", "train", "gate", "promote", "reflect")
FROM_ROUND_1 = ("mine", "review")
GONE = (TaskState.WITHDRAWN, TaskState.EXCLUDED)  # closed without an answer


@dataclass(frozen=True)
class Phase:
    """One step of the track: done, current, waiting, failed or blocked."""

    name: str
    state: str
    count: str = ""
    owner: str = ""
    url: str = ""


def phases_of(made: Made, *, project: Project, reflection: Reflection | None = None) -> list[Phase]:
    """All eight; those before the current one are done, those after it wait. In a closed round all are done.

    Before round 1 nothing is mined, and reviewed only what a lead opened without a model: these two wait for it.
    """
    here = len(TRACK) if reflection else TRACK.index(made.where)
    facts = {
        "mine": _mine(made),
        "review": _review(made),
        "curate": _curate(made),
        "approve": _approve(made),
        "train": _train(made),
        "gate": _gate(made),
        "promote": _promote(made),
        "reflect": ("", reflection.by.display_name if reflection else "a lead", "", ()),
    }
    phases = []
    for place, name in enumerate(TRACK):
        count, owner, view, args = facts[name]
        state = "done" if place < here else "current" if place == here else "waiting"
        if not made.number and name in FROM_ROUND_1 and place != here:
            state = "waiting"
        if place == here and _failed(made):
            state = "failed"
        url = reverse(view, args=[project.slug, *args]) if view else ""
        phases.append(Phase(name, state, count, owner, url))
    return phases


Facts = tuple[str, str, str, tuple[Any, ...]]  # count, owner, view, its arguments after the slug


def _failed(made: Made) -> bool:
    run = live_or_failed(made)
    return run is not None and run.state in {RunState.FAILED, RunState.CANCELLED}


def live_or_failed(made: Made) -> Any:
    """The run the current phase waits for, None when it waits for people."""
    proposed = made.curriculum_run if made.proposal is None else None
    candidates = {
        "mine": made.mining,
        "curate": proposed or (made.snapshot if made.proposal is None else None),
        "train": made.training,
    }
    run = candidates.get(made.where)
    return None if run is None or run.state == RunState.DONE else run


def _name(run: Any, otherwise: str) -> str:
    return run.created_by.display_name if run is not None and run.created_by else otherwise


def _mine(made: Made) -> Facts:
    if not made.number:
        return "from round 1 on", "", "", ()
    if made.mining is None:
        return "", "a lead", "mining:runs", ()
    count = f"{made.mining.tasks_opened:,} tasks" if is_done(made.mining) else made.mining.state
    return count, _name(made.mining, "a lead"), "mining:run", (made.mining.pk,)


def _review(made: Made) -> Facts:
    if not made.asked:
        return ("", "experts", "", ()) if made.number else ("from round 1 on", "", "", ())
    count = f"{made.asked - made.unfinished:,} of {made.asked:,} closed"
    gone = [f"{made.tasks[state]:,} {state.label.lower()}" for state in GONE if made.tasks[state]]
    if gone:
        open_now = [f"{made.unfinished:,} open"] if made.unfinished else []
        count = ", ".join([f"{made.answered:,} answered", *gone, *open_now])
    only_disputes = bool(made.disputed) and made.disputed == made.unfinished
    return count, "leads" if only_disputes else "experts", "explore:data", ()


def _curate(made: Made) -> Facts:
    owner = _name(made.curriculum_run or made.snapshot, "a lead")
    if made.proposal and made.proposal.state == ProposalState.SENT_BACK:
        return "sent back", owner, "curricula:proposal", (made.proposal.pk,)
    if made.proposal:
        return f"{made.proposal.curriculum.rows:,} rows", owner, "curricula:proposals", ()
    if made.snapshot and made.snapshot.dataset:
        dataset = made.snapshot.dataset
        return f"dataset v{dataset.number}", owner, "datasets:dataset", (dataset.number,)
    return "", owner, "datasets:datasets", ()


def _approve(made: Made) -> Facts:
    proposal = made.proposal
    if proposal is None or proposal.state == ProposalState.SENT_BACK:
        return "", "another lead", "", ()
    decided = proposal.decided_by.display_name if proposal.decided_by else ""
    owner = decided or f"a lead, not {proposal.author.display_name}"
    return f"curriculum v{proposal.curriculum.number}", owner, "curricula:proposal", (proposal.pk,)


def _train(made: Made) -> Facts:
    run = made.training
    if run is None:
        return "", "a worker", "", ()
    count = f"model {run.model}" if run.model else run.state
    return count, "a worker", "training:run", (run.pk,)


def _gate(made: Made) -> Facts:
    if made.gate is None or made.training is None:
        return "", "a worker", "", ()
    return made.gate.overall.replace("_", " "), "a worker", "training:run", (made.training.pk,)


def _promote(made: Made) -> Facts:
    if made.gate is None or made.gate.decided_by is None:
        return "", "a lead", "", ()
    count = f"{made.gate.state} {made.gate.candidate}"
    return count, made.gate.decided_by.display_name, "training:models", ()


@dataclass(frozen=True)
class Grounds:
    """What a project stands on: the model in production, whether it has predicted, and what teaching needs."""

    model: ModelVersion | None
    predicted: bool
    labelled: bool
    benchmark: bool
    recipe: bool


@dataclass(frozen=True)
class Standing:
    """Where the loop is now; `round` is None before the first is opened."""

    round: Round | None
    made: Made
    phases: list[Phase]
    job: Job | None
    grounds: Grounds

    @property
    def busy(self) -> bool:
        """Whether something is under way that nobody has to do."""
        if self.job is None:
            return self.made.where == "train"  # approved, and about to be queued
        return not self.job.run.is_over

    @property
    def poll(self) -> int:
        """Seconds until the board looks again."""
        return look_again((self.job.seconds if self.job else None) or 0)


def standing(*, project: Project, at: datetime) -> Standing:
    """Where the project's open round stands, and the job it waits for, if it waits for one."""
    return standing_of_each(projects=[project], at=at)[project.pk]


def standing_of_each(*, projects: Sequence[Project], at: datetime) -> dict[int, Standing]:
    """By project, in as many queries as for one."""
    ids = [project.pk for project in projects]
    rounds = Round.objects.select_related("reflection__by").filter(project__in=ids, state=RoundState.OPEN)
    current = {row.project_id: row for row in rounds}
    made = made_in_each(numbers={pk: current[pk].number if pk in current else 0 for pk in ids})
    grounds = grounds_of_each(ids=ids)
    predicting = _predicting([pk for pk in ids if made[pk].where == "mine" and made[pk].mining is None])
    found = {}
    for project in projects:
        pk = project.pk
        run = live_or_failed(made[pk]) or predicting.get(pk)
        job = job_of(run, at=at) if run else None
        found[pk] = Standing(
            current.get(pk), made[pk], phases_of(made[pk], project=project), job, grounds[pk]
        )
    return found


def grounds_of_each(*, ids: Sequence[int]) -> dict[int, Grounds]:
    """By project, what it stands on."""
    aliases = Alias.objects.select_related("model").filter(project__in=ids, name=PRODUCTION)
    models = {alias.project_id: alias.model for alias in aliases}
    here = {"project": OuterRef("pk")}
    labelled = Example.objects.filter(label__isnull=False, **here).exclude(split=Split.BENCHMARK)
    rows = Project.objects.filter(pk__in=ids).annotate(
        labelled=Exists(labelled),
        frozen=Exists(Benchmark.objects.filter(**here)),
        taught=Exists(Recipe.objects.filter(**here)),
    )
    pool = PredictionSet.objects.filter(model__in=models.values(), purpose=PredictionSet.Purpose.POOL)
    predicted = set(pool.values_list("model_id", flat=True))
    return {
        row.pk: Grounds(
            model=models.get(row.pk),
            predicted=row.pk in models and models[row.pk].pk in predicted,
            labelled=row.labelled,
            benchmark=row.frozen,
            recipe=row.taught,
        )
        for row in rows
    }


def _predicting(ids: Sequence[int]) -> dict[int, Any]:
    """Mining starts from predictions: by project, the run that makes those of the model in production."""
    runs = PredictionRun.objects.filter(project__in=ids, model__aliases__name=PRODUCTION, benchmark="")
    newest = runs.select_related("created_by", "model").order_by("project_id", "-pk").distinct("project_id")
    return {run.project_id: run for run in newest if run.state != RunState.DONE}


def rounds_of(*, project: Project) -> QuerySet[Round]:
    return Round.objects.select_related("reflection__by").filter(project=project)


def round_in(*, project: Project, number: int) -> Round:
    """The project's round of this number; raises `NotFound`."""
    found = rounds_of(project=project).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such round in this project.")
    return found
