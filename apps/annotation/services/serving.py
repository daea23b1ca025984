"""Whom open tasks are served to, and when: reservations and priorities."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.annotation.domain import PRIORITIES, priority_range
from apps.annotation.models import Queue, Task
from apps.annotation.queries.open import Selection, open_tasks, prioritised, unreachable
from apps.annotation.services.notices import tell_reserved
from apps.core.errors import DomainError
from apps.core.events import record_event
from apps.projects.models import Group
from apps.projects.permissions import require
from apps.projects.queries import able_people
from apps.projects.services.groups import audience


class NothingSelected(DomainError):
    code = "nothing_selected"

    def __init__(self) -> None:
        super().__init__(
            "No open task of this queue is meant by that, so nothing was changed. Select others."
        )


class TooFewPeople(DomainError):
    """A reservation that could never be answered."""

    code = "too_few_people"

    def __init__(self, *, group: Group, people: int, tasks: int, wanted: int) -> None:
        asks = f"{tasks} of these tasks {'asks' if tasks == 1 else 'ask'}"
        more = "one more answer" if wanted == 1 else f"up to {wanted} more answers"
        who = "one person" if people == 1 else f"{people} people"
        super().__init__(
            f"{asks} for {more}, which {group} cannot give: that is {who}, and nobody is asked a task twice. "
            "Nothing was reserved. Choose a group of more people, put more people into it, or "
            "leave those tasks out.",
            field="reserved_for",
        )


@transaction.atomic
def reserve_tasks(*, queue: Queue, selection: Selection, reserved_for: str, by: User, at: datetime) -> int:
    """Serve the selected open tasks to nobody but those whom `reserved_for` names; `everybody` lifts it.

    Answers and leases that others have stay good. Raises `TooFewPeople` where the answers could never be reached.
    """
    require(person=by, project=queue.project, action="run_queue")
    group = audience(project=queue.project, address=reserved_for, at=at)
    tasks = _locked(queue, selection)
    if group is not None:
        _check_reach(tasks=tasks, group=group)
    Task.objects.filter(pk__in=tasks).update(reserved_for=group)
    told: dict[str, Any] = {
        "tasks": len(tasks),
        "reserved_for": reserved_for,
        "selection": selection.words,
    }
    record_event(kind="queue.tasks_reserved", row=queue, at=at, actor=by, **told)
    tell_reserved(queue=queue, group=group, reserved=len(tasks), at=at)
    return len(tasks)


@transaction.atomic
def prioritise_tasks(*, queue: Queue, selection: Selection, priority: str, by: User, at: datetime) -> int:
    """Give the selected open tasks this priority; among others of it they keep the place they had."""
    require(person=by, project=queue.project, action="run_queue")
    priority_range(priority)
    tasks = _locked(queue, selection)
    Task.objects.filter(pk__in=tasks).update(priority=prioritised(PRIORITIES[priority]))
    told: dict[str, Any] = {"tasks": len(tasks), "priority": priority, "selection": selection.words}
    record_event(kind="queue.tasks_prioritised", row=queue, at=at, actor=by, **told)
    return len(tasks)


def _locked(queue: Queue, selection: Selection) -> list[int]:
    """The selected tasks, locked in one order, so that two leads wait for each other instead of both failing."""
    chosen = list(open_tasks(queue=queue, selection=selection).values_list("pk", flat=True))
    still = Task.objects.select_for_update().filter(pk__in=chosen, state=Task.State.OPEN).order_by("pk")
    if found := list(still.values_list("pk", flat=True)):
        return found
    raise NothingSelected


def _check_reach(*, tasks: list[int], group: Group) -> None:
    people = able_people(group=group)
    short = unreachable(tasks=Task.objects.filter(pk__in=tasks), people=people)
    if found := list(short.values_list("open_slots", flat=True)):
        raise TooFewPeople(group=group, people=len(people), tasks=len(found), wanted=max(found))
