"""Gold added and retired, and gold tasks written down into annotation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.queries import told_since
from apps.accounts.services.notices import notify, withdraw_notices
from apps.annotation.domain import AUDIT_WHY
from apps.annotation.models import HOLDING, Queue, Task
from apps.annotation.services.tasks import open_tasks, withdraw_tasks
from apps.calibration.models import Gold
from apps.calibration.queries import Standing, known_labels, standings
from apps.core.errors import BadInput, NotFound
from apps.core.events import record_event
from apps.examples.models import Example, Split
from apps.examples.queries import given_read
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.projects.queries import people_who_may

TOLD_AGAIN = timedelta(days=30)
"""How long somebody who needs a session, and was told so, hears no more of it."""
GOLD_OVERLAP = 1_000  # every expert answers every gold task once


@transaction.atomic
def add_gold(*, project: Project, labels: Mapping[str, str], by: User, at: datetime) -> list[Gold]:
    """Make these examples gold: {key: known label}. All of them or, on a bad one, none."""
    require(person=by, project=project, action="manage_gold")
    if project.protocol is None:
        raise BadInput("Add a protocol first: gold is an answer to its target question.", field="protocol")
    examples = _checked(project, labels, classes=set(project.protocol.classes))
    gold = [
        Gold(project=project, example=examples[key], label=label, created_by=by, created_at=at)
        for key, label in labels.items()
    ]
    made = Gold.objects.bulk_create(
        gold,
        update_conflicts=True,
        unique_fields=["project", "example"],
        update_fields=["label", "retired_at", "created_by", "created_at"],
    )
    record_event(kind="gold.added", row=project, at=at, actor=by, project_id=project.pk, keys=sorted(labels))
    return made


def _checked(project: Project, labels: Mapping[str, str], *, classes: set[str]) -> dict[str, Example]:
    """The examples by key; raises `BadInput` naming the first that cannot be gold."""
    examples = {example.key: example for example in project.examples.filter(key__in=labels)}
    for key, label in labels.items():
        if key not in examples:
            raise BadInput(f"There is no example with the key {key!r}.", field=key)
        if examples[key].split == Split.BENCHMARK:
            raise BadInput(f"{key!r} belongs to a benchmark and is not shown to experts.", field=key)
        if label not in classes:
            raise BadInput(f"{label!r} is not one of the target's options.", field=key)
    return examples


@transaction.atomic
def retire_gold(*, project: Project, gold_id: int, by: User, at: datetime) -> Gold:
    """Serve it no more; the answers it has collected still count."""
    require(person=by, project=project, action="manage_gold")
    gold = Gold.objects.select_for_update().filter(project=project, pk=gold_id, retired_at=None).first()
    if gold is None:
        raise NotFound("There is no such gold in service.")
    Gold.objects.filter(pk=gold.pk).update(retired_at=at)
    gold.retired_at = at
    record_event(kind="gold.retired", row=gold, at=at, actor=by)
    served = Task.objects.filter(queue__project=project, example_id=gold.example_id, reason=Task.Reason.GOLD)
    withdraw_tasks(tasks=served.filter(state=Task.State.OPEN), by=by, at=at, why="gold retired")
    return gold


@transaction.atomic
def open_gold_tasks(
    *,
    queue: Queue,
    predictions: Mapping[int, dict[str, object] | None],
    model_id: int | None,
    run_id: int | None,
    at: datetime,
) -> int:
    """A task for each gold in service that has none open in this queue, looking like any other task.

    `predictions` gives, by example id, the prediction to show, None where no task has one; gold that is not in it
    waits: it would be known by its lack. What is open with another model's prediction is opened anew: it would be
    known by its age. Gold whose label the protocol in force left behind is not served: nobody could answer it right.
    """
    _withdraw_aged(queue=queue, model_id=model_id, at=at)
    served = Q(tasks__queue=queue, tasks__reason=Task.Reason.GOLD, tasks__state=Task.State.OPEN)
    gold = Example.objects.filter(gold__project_id=queue.project_id, gold__retired_at=None)
    known = known_labels(project=queue.project)
    lost = [example for example, read in known.items() if read.lost is not None]
    waiting = gold.filter(pk__in=predictions).exclude(pk__in=gold.filter(served).values("pk"))
    waiting = waiting.exclude(pk__in=lost)
    tasks = [
        Task(
            example=example,
            payload_id=example.payload_id,
            mining_run_id=run_id,
            reason=Task.Reason.GOLD,
            why=AUDIT_WHY,
            given_label=given_read(project=queue.project, example=example).label,
            stratum="gold",
            model_id=model_id,
            prediction=predictions[example.pk],
            overlap=GOLD_OVERLAP,
        )
        for example in waiting.order_by("pk")
    ]
    return open_tasks(queue=queue, tasks=tasks, at=at, source="gold")


def _withdraw_aged(*, queue: Queue, model_id: int | None, at: datetime) -> None:
    """Take back gold that shows another model's word; what is on somebody's desk stays until the next time."""
    gold = Task.objects.filter(queue=queue, reason=Task.Reason.GOLD, state=Task.State.OPEN)
    held = gold.filter(assignments__state__in=HOLDING)
    aged = gold.exclude(model=model_id).exclude(pk__in=held.values("pk"))
    withdraw_tasks(tasks=aged, by=None, at=at, why="gold asked anew with the newer model's word")


def tell_of_sessions(*, at: datetime) -> None:
    """By the schedule: who is less accurate than wanted, by gold, is told that a session is due, and so are admins."""
    for project in Project.objects.filter(gold__retired_at=None).distinct():
        for standing in standings(project=project):
            _tell_of_session(project, standing, at)


@transaction.atomic
def _tell_of_session(project: Project, standing: Standing, at: datetime) -> None:
    person, about = standing.person, f"session:{project.pk}:{standing.person.pk}"
    if not standing.needs_session:
        return withdraw_notices(kind="calibration", about=about, at=at)
    if told_since(kind="calibration", about=about, at=at - TOLD_AGAIN):
        return None
    admins = set(people_who_may(project=project, action="calibrate")) - {person.pk}
    for people, view, title in (
        (
            {person.pk},
            "mine",
            f"A calibration session is due for you in {project}: see how you answered gold.",
        ),
        (admins, "calibration", f"A calibration session is due for {person.display_name} in {project}."),
    ):
        url = reverse(f"calibration:{view}", args=[project.slug])
        notify(
            people=people, kind="calibration", project_id=project.pk, about=about, title=title, url=url, at=at
        )
    return None
