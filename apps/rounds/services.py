"""Rounds opened, and closed with what was learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services.notices import withdraw_notices
from apps.annotation.models import UNFINISHED, Task
from apps.annotation.services.tasks import withdraw_tasks
from apps.core.errors import BadInput, DomainError, NotFound
from apps.core.events import record_event
from apps.core.moves import move
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.registry.models import PRODUCTION, Alias
from apps.rounds.models import Reflection, Round, RoundState
from apps.training.models import Gate, GateState


class RoundNotReady(DomainError):
    """A round closes once its candidate is promoted or rejected."""

    code = "round_not_ready"

    def __init__(self) -> None:
        super().__init__(
            "This round has no decision yet: promote or reject its candidate first, then write the reflection."
        )


@dataclass(frozen=True)
class Lesson:
    """The four answers of a reflection."""

    expected: str
    observed: str
    cause: str
    action: str

    def check(self) -> None:
        for name, text in vars(self).items():
            if not text.strip():
                raise BadInput(f"Please fill in “{name}”: a round closes with what it taught us.", field=name)
            if len(text) > 10_000:
                raise BadInput(f"“{name}” may be 10,000 characters long.", field=name)


@transaction.atomic
def open_first_round(*, project: Project, by: User, at: datetime) -> Round:
    """Round 1 of a project; asked again, the round that is open."""
    require(person=by, project=project, action="reflect")
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # two leads may ask at once
    open_now = Round.objects.filter(project=project, state=RoundState.OPEN).first()
    return open_now or _open(project=project, by=by, at=at)


def _open(*, project: Project, by: User, at: datetime) -> Round:
    locked = Project.objects.select_for_update().get(pk=project.pk)
    number = locked.round_number + 1
    Project.objects.filter(pk=project.pk).update(round_number=number)
    project.round_number = number
    row = Round.objects.create(project=project, number=number, inputs=_inputs(project), opened_at=at)
    record_event(kind="round.open", row=row, at=at, actor=by, number=number, inputs=row.inputs)
    return row


def _inputs(project: Project) -> dict[str, object]:
    alias = Alias.objects.select_related("model").filter(project=project, name=PRODUCTION).first()
    return {
        "model": alias.model.number if alias else None,
        "curriculum": alias.curriculum_digest if alias else None,
        "protocol": project.protocol.version if project.protocol else None,
        "benchmarks": dict(project.benchmarks.values_list("name", "digest")),
    }


@transaction.atomic
def close_round(*, round_id: int, project: Project, by: User, lesson: Lesson, at: datetime) -> Round:
    """Close the round with its reflection, withdraw what is left of its tasks, and open the next."""
    require(person=by, project=project, action="reflect")
    lesson.check()
    row = Round.objects.select_for_update().filter(pk=round_id, project=project).first()
    if row is None:
        raise NotFound("There is no such round in this project.")
    if row.state == RoundState.OPEN and not _is_decided(row):
        raise RoundNotReady
    move(row, to=RoundState.CLOSED, at=at, actor=by, closed_at=at)
    withdraw_notices(kind="round", about=f"round:{project.pk}-{row.number}", at=at)
    reflection = Reflection.objects.create(round=row, by=by, at=at, **vars(lesson))
    record_event(kind="reflection.written", row=reflection, at=at, actor=by, project_id=project.pk)
    left = Task.objects.filter(queue__project=project, state__in=UNFINISHED)
    withdraw_tasks(tasks=left, by=by, at=at, why=f"round {row.number} closed")
    _open(project=project, by=by, at=at)
    return row


def _is_decided(row: Round) -> bool:
    gates = Gate.objects.filter(project=row.project, round_number=row.number)
    return gates.exclude(state=GateState.JUDGED).exists()
