"""Who is told what about verdicts of the gate: those who decide, a second lead, those who reflect."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.services.notices import notify, withdraw_notices
from apps.projects.queries import people_who_may
from apps.training.models import Gate


def tell_verdict(gate: Gate, *, at: datetime) -> None:
    verdict = gate.overall.replace("_", " ")
    title = f"The gate says {verdict} of model {gate.candidate} in {gate.project}: decide on it."
    _tell(gate, title, people=people_who_may(project=gate.project, action="promote"), at=at)


def tell_second_lead(gate: Gate, *, by: User, at: datetime) -> None:
    others = [one for one in people_who_may(project=gate.project, action="promote") if one != by.pk]
    what = f"model {gate.candidate} in {gate.project}"
    title = f"{by.display_name} asks to override the gate on {what}: a second lead decides."
    _tell(gate, title, people=others, at=at)


def tell_decided(gate: Gate, *, at: datetime) -> None:
    """Nobody has to decide any more; whoever may is told to reflect on the round, where there is one."""
    withdraw_notices(kind="gate", about=f"model:{gate.candidate_id}", at=at)
    project = gate.project
    if project.round_number:
        notify(
            people=people_who_may(project=project, action="reflect"),
            kind="round",
            project_id=project.pk,
            about=f"round:{project.pk}-{project.round_number}",
            title=f"Round {project.round_number} in {project} has its decision: write what it taught you.",
            url=reverse("rounds:board", args=[project.slug]),
            at=at,
        )


def _tell(gate: Gate, title: str, *, people: list[int], at: datetime) -> None:
    notify(
        people=people,
        kind="gate",
        project_id=gate.project_id,
        about=f"model:{gate.candidate_id}",
        title=title,
        url=reverse("training:model", args=[gate.project.slug, gate.candidate.number]),
        at=at,
    )
