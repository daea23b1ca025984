"""Where a round stands, read off what it has made: nothing of this is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from apps.annotation.models import DISPUTED, UNFINISHED
from apps.core.errors import NotFound
from apps.core.models import RunState
from apps.curricula.models import CurriculumRun, Proposal, ProposalState
from apps.curricula.queries import curriculum_runs_of, proposals_of
from apps.datasets.models import DatasetVersion, SnapshotRun
from apps.datasets.queries import snapshot_runs_of
from apps.explore.queries.jobs import Job, job_of
from apps.mining.models import MiningRun
from apps.mining.queries import review_of, runs_of
from apps.projects.models import Project
from apps.registry.models import PRODUCTION
from apps.rounds.models import Round, RoundState
from apps.training.models import Gate, GateState, TrainingRun
from apps.training.queries import gates_of
from apps.training.queries import runs_of as training_runs_of

TRACK = ("mine", "review", "curate", "approve", "train", "gate", "promote", "reflect")


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
    def unfinished(self) -> int:
        return sum(self.tasks[state] for state in UNFINISHED)

    @property
    def disputed(self) -> int:
        return sum(self.tasks[state] for state in DISPUTED)

    @property
    def where(self) -> str:
        """The phase the round is in: the first that is not done."""
        if self.number and not _done(self.mining):
            return "mine"
        if self.unfinished and not (self.snapshot or self.curriculum_run):
            return "review"
        if self.proposal is None or self.proposal.state == ProposalState.SENT_BACK:
            return "curate"
        if self.proposal.state == ProposalState.OPEN:
            return "approve"
        if not _done(self.training):
            return "train"
        if self.gate is None:
            return "gate"
        return "promote" if self.gate.state == GateState.JUDGED else "reflect"


def _done(run: Any) -> bool:
    return run is not None and run.state == RunState.DONE


def made_in(*, project: Project, number: int) -> Made:
    mining = runs_of(project=project).filter(round_number=number).first()
    snapshot = _after(snapshot_runs_of(project=project).filter(round_number=number).first(), mining)
    runs = curriculum_runs_of(project=project).filter(round_number=number)
    curriculum_run = _after(runs.first(), snapshot or mining)
    proposal_id = curriculum_run.proposal_id if curriculum_run else None
    training = training_runs_of(project=project).filter(proposal_id=proposal_id or 0).first()
    model_id = training.model_id if training else None
    return Made(
        number=number,
        mining=mining,
        tasks=review_of(runs=runs_of(project=project).filter(round_number=number)),
        snapshot=snapshot,
        curriculum_run=curriculum_run,
        proposal=proposals_of(project=project).filter(pk=proposal_id or 0).first(),
        training=training,
        gate=gates_of(project=project).filter(candidate_id=model_id or 0).first(),
    )


def _after(run: Any, earlier: Any) -> Any:
    """The run, unless something it should rest on was made later."""
    return None if run is None or (earlier and run.created_at < earlier.created_at) else run


@dataclass(frozen=True)
class Phase:
    """One step of the track: done, current, waiting, failed or blocked."""

    name: str
    state: str
    count: str = ""
    owner: str = ""
    url: str = ""


def phases_of(made: Made, *, project: Project, closed: bool = False) -> list[Phase]:
    """All eight; those before the current one are done, those after it wait. In a closed round all are done."""
    here = len(TRACK) if closed else TRACK.index(made.where)
    facts = {
        "mine": _mine(made),
        "review": _review(made),
        "curate": _curate(made),
        "approve": _approve(made),
        "train": _train(made),
        "gate": _gate(made),
        "promote": _promote(made),
        "reflect": ("", "a lead", "", ()),
    }
    phases = []
    for place, name in enumerate(TRACK):
        count, owner, view, args = facts[name]
        state = "done" if place < here else "current" if place == here else "waiting"
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
    count = f"{made.mining.tasks_opened:,} tasks" if _done(made.mining) else made.mining.state
    return count, _name(made.mining, "a lead"), "mining:run", (made.mining.pk,)


def _review(made: Made) -> Facts:
    if not made.number:
        return "from round 1 on", "", "", ()
    if not made.asked:
        return "", "experts", "", ()
    count = f"{made.asked - made.unfinished:,} of {made.asked:,} closed"
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
class Standing:
    """Where the loop is now; `round` is None before the first is opened."""

    round: Round | None
    made: Made
    phases: list[Phase]
    job: Job | None

    @property
    def busy(self) -> bool:
        """Whether something is under way that nobody has to do."""
        if self.job is None:
            return self.made.where == "train"  # approved, and about to be queued
        return not self.job.run.is_over

    @property
    def poll(self) -> int:
        """Seconds until the board looks again: soon at first, then less and less often."""
        ran = (self.job.seconds if self.job else None) or 0
        return 1 if ran < 30 else 2 if ran < 120 else 5


def standing(*, project: Project, at: datetime) -> Standing:
    """Where the project's open round stands, and the job it waits for, if it waits for one."""
    current = rounds_of(project=project).filter(state=RoundState.OPEN).first()
    made = made_in(project=project, number=current.number if current else 0)
    run = live_or_failed(made) or _predicting(project, made)
    return Standing(current, made, phases_of(made, project=project), job_of(run, at=at) if run else None)


def _predicting(project: Project, made: Made) -> Any:
    """Mining starts from predictions: the run that makes them, while there are none of the model in production."""
    if made.where != "mine" or made.mining is not None:
        return None
    runs = project.prediction_runs.filter(model__aliases__name=PRODUCTION, benchmark="")
    run = runs.order_by("-pk").first()
    return run if run and run.state != RunState.DONE else None


def rounds_of(*, project: Project) -> QuerySet[Round]:
    return Round.objects.select_related("reflection__by").filter(project=project)


def round_in(*, project: Project, number: int) -> Round:
    """The project's round of this number; raises `NotFound`."""
    found = rounds_of(project=project).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such round in this project.")
    return found
