"""Seeds the demo by the same services people use, step by step; a seed that was cut off goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from types import ModuleType

from django.utils import timezone

from apps.accounts.models import User
from apps.annotation.services.tasks import open_tasks, queue_for
from apps.calibration.services import add_gold
from apps.config.demo import digits, writing
from apps.config.demo import project as demo
from apps.core.models import Run, RunState
from apps.curricula.models import Proposal
from apps.curricula.services import approve_proposal, start_proposal
from apps.datasets.services import start_snapshot
from apps.exchange.services.imports import start_import
from apps.mining.services import start_mining
from apps.projects.models import Project
from apps.projects.services import add_protocol, create_project, set_member
from apps.registry.queries import production
from apps.rounds.services import open_first_round
from apps.training.models import Gate, GateState
from apps.training.services.gates import freeze_benchmark, promote
from apps.training.services.runs import add_recipe

Say = Callable[[str], None]
PATIENCE = 300.0  # seconds to wait for one job


class SeedStalled(RuntimeError):
    """A job did not end in time; the workers' log says why."""


def seed(*, say: Say) -> Project:
    """Make the demo project up to the point where experts can start. Needs running workers."""
    people = _people()
    project = _project(people, say)
    _import(project, people["lena"], say)
    if production(project=project) is None:
        _base_model(project, people, say)
    _wait(project.prediction_runs.first(), say, "predicting everything that can be mined")
    open_first_round(project=project, by=people["lena"], at=timezone.now())
    run = project.mining_runs.first() or start_mining(
        project=project, by=people["lena"], policy=demo.POLICY, at=timezone.now()
    )
    _wait(run, say, "mining")
    _writing(people, say)
    return project


def _writing(people: dict[str, User], say: Say) -> None:
    """A small project of texts, without a model: everybody is asked about every example."""
    at, lead = timezone.now(), people["lena"]
    project = _members_of(writing, people, say)
    run = project.imports.first() or start_import(
        project=project,
        by=lead,
        at=at,
        chunks=[writing.ROWS.read_bytes()],
        format="ndjson",
        name=writing.ROWS.name,
    )
    _wait(run, say, f"importing the examples of “{writing.NAME}”")
    if project.protocol is not None and not project.queues.exists():
        queue = queue_for(project=project, protocol=project.protocol, at=at)
        open_tasks(queue=queue, tasks=writing.tasks(project), at=at, source="census")


def is_seeded() -> bool:
    """Whether the demo is ready for its experts."""
    project = Project.objects.filter(slug=demo.SLUG).first()
    return bool(project and project.mining_runs.filter(state=RunState.DONE).exists())


def _people() -> dict[str, User]:
    for name, role in demo.PEOPLE.items():
        if not User.objects.filter(username=name).exists():
            User.objects.create_user(
                name, f"{name}@example.org", demo.PASSWORD, first_name=name.title(), is_staff=role == "admin"
            )
    return {person.username: person for person in User.objects.filter(username__in=demo.PEOPLE)}


def _project(people: dict[str, User], say: Say) -> Project:
    project = _members_of(demo, people, say)
    if not project.recipes.exists():
        add_recipe(project=project, by=people["lena"], at=timezone.now(), **demo.RECIPE)
    return project


def _members_of(plan: ModuleType, people: dict[str, User], say: Say) -> Project:
    """The project that a module of this folder describes, with its people and its protocol."""
    at, admin = timezone.now(), people["ada"]
    project = Project.objects.filter(slug=plan.SLUG).first()
    if project is None:
        say(f"making the project “{plan.NAME}”")
        words = {
            "name": plan.NAME,
            "description": plan.DESCRIPTION,
            "goals": plan.GOALS,
            "limits": plan.LIMITS,
        }
        project = create_project(slug=plan.SLUG, by=admin, at=at, **words)
    for name, role in demo.PEOPLE.items():
        if not project.memberships.filter(person=people[name]).exists():
            set_member(project=project, person=people[name], role=role, by=admin, at=at)
    if project.protocol is None:
        add_protocol(project=project, body=plan.PROTOCOL, by=people["lena"], at=at)
    return project


def _import(project: Project, lead: User, say: Say) -> None:
    data = digits.load(seed=demo.SEED)
    run = project.imports.first()
    if run is None:
        lines = (json.dumps(row).encode() + b"\n" for row in data.rows)
        run = start_import(
            project=project, by=lead, at=timezone.now(), chunks=lines, format="ndjson", name="digits.ndjson"
        )
    _wait(run, say, f"importing {len(data.rows)} examples")
    if not project.benchmarks.exists():
        freeze_benchmark(project=project, name="digits-597", plan=demo.PLAN, by=lead, at=timezone.now())
    if not project.gold.exists():
        keys = sorted(row["key"] for row in data.rows if row["split"] == "pool")[:: digits.POOL // demo.GOLD]
        add_gold(
            project=project,
            labels={key: data.truth[key] for key in keys[: demo.GOLD]},
            by=lead,
            at=timezone.now(),
        )


def _base_model(project: Project, people: dict[str, User], say: Say) -> None:
    """The first model goes the way of every other: dataset, proposal, approval, training, gate, promotion."""
    lead, second = people["lena"], people["luis"]
    at: Callable[[], datetime] = timezone.now
    if not project.dataset_versions.exists():
        _wait(
            project.snapshot_runs.first() or start_snapshot(project=project, by=lead, at=at()),
            say,
            "dataset v1",
        )
    if not project.proposals.exists():
        dataset = project.dataset_versions.get(number=1)
        run = project.curriculum_runs.first() or start_proposal(
            project=project, dataset=dataset, by=lead, at=at(), note=demo.BASE_NOTE
        )
        _wait(run, say, "curriculum v1")
    proposal = project.proposals.select_related("curriculum").get()
    if proposal.state == Proposal.State.OPEN:
        digest = proposal.curriculum.digest
        approve_proposal(proposal_id=proposal.pk, project=project, by=second, digest=digest, at=at())
    _wait_for(project.training_runs.exists, "the base model's training to be queued")
    _wait(project.training_runs.first(), say, "training the base model")
    gate = Gate.objects.get(project=project)
    if gate.state == GateState.JUDGED:
        promote(gate_id=gate.pk, project=project, by=second, at=at(), note=demo.BASE_NOTE)


def _wait(run: Run | None, say: Say, what: str) -> None:
    assert run is not None
    if run.state == RunState.DONE:
        return
    say(what)

    def over() -> bool:
        run.refresh_from_db()
        return run.is_over

    _wait_for(over, what)
    if run.state != RunState.DONE:
        raise SeedStalled(f"{what}: the job {run.state}. {run.error}")


def _wait_for(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise SeedStalled(
                f"Waiting for {what} took over {PATIENCE:.0f} s. Are the workers running? See their log."
            )
        time.sleep(0.1)
