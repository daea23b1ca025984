"""Who is told what about tasks: experts of new ones, leads of disputes; and when there is no more to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from apps.accounts.services.notices import notify, reword_notices, withdraw_notices
from apps.annotation.models import DISPUTED, Queue, Task, TaskState
from apps.projects.models import Group, Project
from apps.projects.queries import able_people, people_who_may


def tell_experts(*, queue: Queue, opened: int, group: Group | None = None, at: datetime) -> None:
    """Once for all that were opened: whoever may answer them is told."""
    project = queue.project
    people = able_people(group=group) if group else people_who_may(project=project, action="annotate")
    _tell_of_tasks(queue, people, f"{_count(opened, 'task')} opened in {project} for you to answer.", at)


def tell_reserved(*, queue: Queue, group: Group | None, reserved: int, at: datetime) -> None:
    """Those for whom open tasks are reserved now; nobody when they are for everybody again."""
    if group is not None:
        are = "is" if reserved == 1 else "are"
        title = f"{_count(reserved, 'task')} in {queue.project} {are} reserved for {group}."
        _tell_of_tasks(queue, able_people(group=group), title, at)


def _tell_of_tasks(queue: Queue, people: Iterable[int], title: str, at: datetime) -> None:
    notify(
        people=people,
        kind="tasks",
        project_id=queue.project_id,
        about=f"queue:{queue.pk}",
        title=title,
        url=reverse("annotation:desk", args=[queue.project.slug]),
        at=at,
    )


def tell_leads(*, project: Project, at: datetime) -> None:
    """Another task waits for a lead: those who may settle it are told how many there are."""
    _tell_settlers(project, "dispute", _disputes(project), at)


def recount_disputes(*, project: Project, at: datetime) -> None:
    """Fewer tasks wait for a lead: no news to who knows of them, but nobody is told of more than there are."""
    _recount(project, "dispute", DISPUTED, _disputes, at)


def tell_of_excluded(*, project: Project, at: datetime) -> None:
    """Another task is not for anyone: those who may put it back are told how many there are."""
    _tell_settlers(project, "exclusion", _exclusions(project), at, part="#excluded")


def recount_excluded(*, project: Project, at: datetime) -> None:
    """Fewer tasks are excluded: as `recount_disputes`."""
    _recount(project, "exclusion", [TaskState.EXCLUDED], _exclusions, at)


def _tell_settlers(project: Project, kind: str, title: str, at: datetime, part: str = "") -> None:
    notify(
        people=people_who_may(project=project, action="adjudicate"),
        kind=kind,
        project_id=project.pk,
        about=f"project:{project.pk}",
        title=title,
        url=f"{reverse('annotation:adjudication', args=[project.slug])}{part}",
        at=at,
    )


def _recount(
    project: Project,
    kind: str,
    states: Iterable[TaskState],
    title: Callable[[Project], str],
    at: datetime,
) -> None:
    about = f"project:{project.pk}"
    if _in_state(project, states).exists():
        reword_notices(kind=kind, about=about, title=title(project))
    else:
        withdraw_notices(kind=kind, about=about, at=at)


def take_back(*, queues: Iterable[Queue], at: datetime) -> None:
    """After tasks of these queues were withdrawn: what was told of them and is no longer so."""
    for queue in queues:
        if not queue.tasks.filter(state=Task.State.OPEN).exists():
            withdraw_notices(kind="tasks", about=f"queue:{queue.pk}", at=at)
        recount_disputes(project=queue.project, at=at)


def _in_state(project: Project, states: Iterable[TaskState]) -> QuerySet[Task]:
    return Task.objects.filter(queue__project=project, state__in=states)


def _exclusions(project: Project) -> str:
    n = _in_state(project, [TaskState.EXCLUDED]).count()
    are, them = ("is", "it") if n == 1 else ("are", "them")
    return f"{_count(n, 'task')} in {project} {are} excluded: nobody is asked about {them}."


def _disputes(project: Project) -> str:
    n = _in_state(project, DISPUTED).count()
    return f"{_count(n, 'task')} in {project} wait{'s' if n == 1 else ''} for a lead to settle."


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
