"""What stands in each queue of a project: how much is open, held, in dispute and closed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Count

from apps.annotation.models import CLOSED, DISPUTED, HOLDING, Assignment, Queue, Task, TaskState
from apps.annotation.queries.open import reservations_in
from apps.core.errors import NotFound
from apps.projects.models import Project


@dataclass(frozen=True)
class QueueState:
    """A queue with its tasks counted, gold left out of every count; `held` are tasks on people's desks now.

    `stuck` are open tasks reserved for people who are too few for their answers.
    """

    queue: Queue
    in_force: bool
    open: int
    reserved: int
    stuck: int
    held: int
    disputed: int
    excluded: int
    closed: int


def queue_states(*, project: Project) -> list[QueueState]:
    """The project's queues, that of the protocol in force first, then newest first."""
    tasks = Task.objects.filter(queue__project=project).exclude(reason=Task.Reason.GOLD)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for queue_id, state, n in tasks.values_list("queue", "state").annotate(n=Count("pk")):
        counts[queue_id][state] = n
    desks = Assignment.objects.filter(
        task__queue__project=project, state__in=HOLDING, kind=Assignment.Kind.ANNOTATE
    )
    desks = desks.exclude(task__reason=Task.Reason.GOLD)
    held = dict(desks.values_list("task__queue").annotate(n=Count("pk")))
    found = [
        QueueState(
            queue=queue,
            in_force=queue.protocol_id == project.protocol_id,
            open=counts[queue.pk][TaskState.OPEN],
            reserved=sum(one.open for one in kept),
            stuck=sum(one.stuck for one in kept),
            held=held.get(queue.pk, 0),
            disputed=sum(counts[queue.pk][state] for state in DISPUTED),
            excluded=counts[queue.pk][TaskState.EXCLUDED],
            closed=sum(counts[queue.pk][state] for state in CLOSED),
        )
        for queue in project.queues.select_related("protocol", "project").order_by("-pk")
        for kept in [reservations_in(queue=queue)]
    ]
    return sorted(found, key=lambda one: not one.in_force)


def queue_state(*, project: Project, queue_id: int) -> QueueState:
    """One queue of the project; raises `NotFound`."""
    for one in queue_states(project=project):
        if one.queue.pk == queue_id:
            return one
    raise NotFound("There is no such queue in this project.")
