"""The one next action: what it is, why, and who may do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from apps.core.models import RunState
from apps.curricula.models import ProposalState
from apps.projects.models import Project
from apps.projects.permissions import Member
from apps.rounds.queries import Grounds, Standing
from apps.training.domain import OUTSIDE
from apps.training.models import Gate
from apps.training.queries import gates_of


@dataclass(frozen=True)
class Action:
    """`kind` names the form (`rounds/_act_<kind>.html`), `needs` the permission, `who` those who have it."""

    kind: str
    title: str
    why: str
    needs: str
    who: str
    url: str = ""
    label: str = ""
    barred: int | None = None  # the person who may not, whatever their role

    def may(self, member: Member) -> bool:
        return member.may(self.needs) and member.person.pk != self.barred

    @property
    def template(self) -> str:
        return f"rounds/_act_{self.kind}.html"


def next_action(*, standing: Standing, project: Project) -> Action:
    if standing.job:
        return _job(standing)
    return ACTIONS[standing.made.where](standing, project)


def _job(standing: Standing) -> Action:
    assert standing.job is not None
    run, name = standing.job.run, standing.job.name
    if run.state == RunState.QUEUED:
        return Action(
            "follow", f"{name} waits for a worker", "Nobody has to do anything.", "run_jobs", "a worker"
        )
    if run.state == RunState.RUNNING:
        return Action("follow", f"{name} is running", "Nobody has to do anything.", "run_jobs", "a worker")
    why = run.error or "Somebody stopped it."
    return Action("retry", f"{name} has {run.state}", why, "run_jobs", "a lead or an admin")


def _mine(standing: Standing, project: Project) -> Action:
    model = standing.grounds.model
    if model is None:
        why = "Mining needs a model's predictions. Cut a dataset of what is labelled, and train the first model."
        return _link(
            "There is no model yet", why, "snapshot", "a lead", "datasets:datasets", project, "Datasets"
        )
    if not standing.grounds.predicted:
        why = (
            "The model in production has predicted nothing that can be mined. A new prediction run is needed."
        )
        return _link(
            "Predictions are missing", why, "view", "a worker", "explore:jobs", project, "Jobs and health"
        )
    why = f"Model {model} has predicted everything. Choose how much to ask of people."
    return Action("mine", "Start mining", why, "mine", "a lead")


def _review(standing: Standing, project: Project) -> Action:
    made = standing.made
    left = made.unfinished - made.disputed
    if left:
        tasks = f"{left:,} task{'s wait' if left != 1 else ' waits'} for answers"
        disputes = f", {made.disputed:,} for a lead to settle" if made.disputed else ""
        return Action(
            "review", f"{tasks}{disputes}", "Experts answer them at the desk.", "annotate", "experts"
        )
    title = f"{made.disputed:,} dispute{'s' if made.disputed != 1 else ''} to settle"
    why = "People disagree, or asked for a lead. Nobody settles a task they answered."
    return Action("review", title, why, "adjudicate", "a lead or an admin")


def _curate(standing: Standing, project: Project) -> Action:
    made, missing = standing.made, _missing(project, standing.grounds) if not standing.made.number else None
    if missing:
        return missing
    proposal = made.proposal
    if proposal and proposal.state == ProposalState.SENT_BACK and proposal.decided_by:
        why = f"{proposal.decided_by.display_name}: “{proposal.decision_note}”"
        return Action("propose", "The proposal was sent back", why, "propose", "a lead")
    if made.snapshot and made.snapshot.dataset:
        dataset = made.snapshot.dataset
        why = "A worker stages and weighs its rows; another lead then decides."
        return Action(
            "propose", f"Propose a curriculum from dataset v{dataset.number}", why, "propose", "a lead"
        )
    return Action("cut", "Cut a dataset version", "It holds what is believed now.", "snapshot", "a lead")


def _approve(standing: Standing, project: Project) -> Action:
    proposal = standing.made.proposal
    assert proposal is not None
    author, version = proposal.author.display_name, proposal.curriculum.number
    changed = f"{proposal.diff['added']['n']} new rows, {proposal.diff['relabelled']['n']} labels changed"
    url = reverse("curricula:proposal", args=[project.slug, proposal.pk])
    return Action(
        "approve", f"Approve curriculum v{version} or send it back", f"{author} put it forward: {changed}.",
        "approve", f"a lead other than {author}", url, "Review the proposal", proposal.author_id,
    )  # fmt: skip


def _train(standing: Standing, project: Project) -> Action:
    recipe = project.recipes.first()
    if recipe and recipe.learner == OUTSIDE:
        why = "The recipe has it trained elsewhere; the trainer there reports the model through the API."
        title, who = "Train it outside, and report the model", "an outside trainer"
        return _link(title, why, "view", who, "training:runs", project, "Runs")
    why = "The approval is the order to train; a worker queues it within seconds."
    return Action("follow", "Training is about to be queued", why, "run_jobs", "a worker")


def _judge(standing: Standing, project: Project) -> Action:
    training = standing.made.training
    number = training.model.number if training and training.model else 0
    url = reverse("training:model", args=[project.slug, number])
    why = "It was trained, but no gate has judged it."
    return Action("setup", "Judge the candidate", why, "train", "a lead", url, "Open the model")


def _promote(standing: Standing, project: Project) -> Action:
    gate, training = standing.made.gate, standing.made.training
    assert gate is not None
    assert training is not None
    url = reverse("training:run", args=[project.slug, training.pk]) + "#gate"
    titles = {
        Gate.Verdict.PASS: f"Promote model {gate.candidate} or reject it",
        Gate.Verdict.FAIL: f"The gate failed model {gate.candidate}: reject it, or ask for an override",
        Gate.Verdict.NOT_ENOUGH_EVIDENCE: f"Not enough evidence for model {gate.candidate}: decide",
    }
    others = gates_of(project=project).filter(judgement=gate.judgement).exclude(pk=gate.pk)
    names = " and ".join([gate.benchmark.name, *(other.benchmark.name for other in others)])
    why = f"The gate compared it on {names}."
    return Action(
        "promote", titles[Gate.Verdict(gate.overall)], why, "promote", "a lead", url, "Read the verdict"
    )


def _reflect(standing: Standing, project: Project) -> Action:
    if standing.round is None:
        why = "The base model is decided on. Rounds begin here: mine, review, curate, teach, judge."
        return Action("open_round", "Open round 1", why, "reflect", "a lead")
    why = "A round closes with what it taught us. The next one opens at once."
    return Action("reflect", f"Reflect on round {standing.round.number}", why, "reflect", "a lead")


ACTIONS: dict[str, Callable[[Standing, Project], Action]] = {
    "mine": _mine,
    "review": _review,
    "curate": _curate,
    "approve": _approve,
    "train": _train,
    "gate": _judge,
    "promote": _promote,
    "reflect": _reflect,
}


def _link(title: str, why: str, needs: str, who: str, view: str, project: Project, label: str) -> Action:
    return Action("setup", title, why, needs, who, reverse(view, args=[project.slug]), label)


def _missing(project: Project, grounds: Grounds) -> Action | None:
    """What a new project lacks before anything can be taught."""
    if project.protocol is None:
        why, who = (
            "It says what people are shown and asked, and which question the model learns.",
            "a lead or an admin",
        )
        return _link("Add a protocol", why, "edit_protocol", who, "projects:protocol", project, "Protocol")
    if not grounds.labelled:
        why = "The base model needs some labelled ones to start from, and others to be measured on."
        return _link(
            "Import examples", why, "import", "a lead or an admin", "exchange:imports", project, "Imports"
        )
    if not grounds.benchmark:
        why = "Nothing is judged without one. It needs labelled examples of the split “benchmark”."
        return _link(
            "Freeze a benchmark", why, "train", "a lead", "training:benchmarks", project, "Benchmarks"
        )
    if not grounds.recipe:
        why = "It says how the model learns, and with which budget."
        return _link("Choose a recipe", why, "train", "a lead", "training:runs", project, "Recipe")
    return None
