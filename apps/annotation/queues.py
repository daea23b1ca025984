"""What stands in each queue of a project: how much is open, held, in dispute and closed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from apps.annotation.models import CLOSED, DISPUTED, HOLDING, Assignment, Queue, Task, TaskState
from apps.core.errors import NotFound
from apps.projects.models import Project

NOT_GOLD = ~Q(tasks__reason=Task.Reason.GOLD)


@dataclass(frozen=True)
class QueueState:
    """A queue with its tasks counted, gold left out of every count; `held` are tasks on people's desks now."""

    queue: Queue
    in_force: bool
    open: int
    held: int
    disputed: int
    closed: int


def queue_states(*, project: Project) -> list[QueueState]:
    """The project's queues, that of the protocol in force first, then newest first."""
    counts = {
        name: Count("tasks", filter=NOT_GOLD & Q(tasks__state__in=states))
        for name, states in {"n_open": [TaskState.OPEN], "n_disputed": DISPUTED, "n_closed": CLOSED}.items()
    }
    queues = project.queues.select_related("protocol").annotate(**counts).order_by("-pk")
    desks = Assignment.objects.filter(task__queue__project=project, state__in=HOLDING)
    desks = desks.exclude(task__reason=Task.Reason.GOLD)
    held = dict(desks.values_list("task__queue").annotate(n=Count("pk")))
    found = [
        QueueState(
            queue=queue,
            in_force=queue.protocol_id == project.protocol_id,
            open=queue.n_open,
            held=held.get(queue.pk, 0),
            disputed=queue.n_disputed,
            closed=queue.n_closed,
        )
        for queue in queues
    ]
    return sorted(found, key=lambda one: not one.in_force)


def queue_state(*, project: Project, queue_id: int) -> QueueState:
    """One queue of the project; raises `NotFound`."""
    for one in queue_states(project=project):
        if one.queue.pk == queue_id:
            return one
    raise NotFound("There is no such queue in this project.")
