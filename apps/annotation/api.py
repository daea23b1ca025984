"""Operations of the desk and of adjudication. Leasing and submitting are the hot ones: few queries, no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.pagination import BasePagination
from rest_framework.request import Request

from apps.annotation.models import Assignment, Queue, Task, TaskState
from apps.annotation.queries.desk import active_queue, newest_assignment_id, own_assignment, why_empty
from apps.annotation.queries.open import reservations_in
from apps.annotation.queries.tasks import task_in, tasks_of
from apps.annotation.queues import queue_state, queue_states
from apps.annotation.serializers import (
    REASONS,
    Adjudicate,
    AnswerIn,
    AssignmentOut,
    Changed,
    ConsensusOut,
    DraftIn,
    DraftOut,
    Escalate,
    Exclude,
    GivenAnswer,
    Next,
    Prioritise,
    PutBack,
    QueueOut,
    ReservationOut,
    Reserve,
    Skip,
    Stand,
    Submitted,
    TakeDispute,
    TaskOut,
    Why,
)
from apps.annotation.services import (
    answers,
    consensus,
    declining,
    disputes,
    leases,
    reveals,
    serving,
    tasks,
)
from apps.core.api import Keyset, chosen, operation, parameter
from apps.core.errors import BadInput
from apps.projects.api import ProjectView, RowView

ORDERS = {"newest": "-id", "oldest": "id"}
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 64 characters of your own, new for each answer; sent again, the answer counts once.",
)


class NextAssignment(ProjectView):
    """Lease the next task, or get back the one you hold."""

    may = {"POST": "annotate"}

    @operation(gives=Next, name="assignments_next")
    def post(self) -> Any:
        at, queue = timezone.now(), active_queue(project=self.project)
        following = None
        if queue is not None:
            after = newest_assignment_id(queue=queue, person=self.person)
            following = leases.lease_next(queue=queue, person=self.person, at=at, after=after)
        return following_or_why(self, following, queue)


def following_or_why(
    view: ProjectView | RowView, following: Assignment | None, queue: Queue | None
) -> dict[str, Any]:
    """The body of `Next`."""
    if following is not None:
        return {"assignment": following}
    empty = why_empty(queue=queue, person=view.person, at=timezone.now())
    return {"assignment": None, "empty": empty}


class OwnAssignment(RowView):
    """One's own assignment; somebody else's is not found."""

    may = {"GET": "annotate", "POST": "annotate", "PUT": "annotate"}
    rows, through = Assignment, "queues__tasks__assignments"

    def by_service(self, service: Callable[..., Any], **values: Any) -> Any:
        return service(assignment_id=self.kwargs["id"], person=self.person, at=timezone.now(), **values)


class AssignmentDetail(OwnAssignment):
    @operation(gives=AssignmentOut)
    def get(self) -> Any:
        return own_assignment(assignment_id=self.kwargs["id"], person=self.person)


class Annotations(OwnAssignment):
    """Submit. An answer after the lease ran out is kept, and counts while the task has room for it."""

    @operation(
        takes=AnswerIn,
        gives=Submitted,
        status=201,
        query=[
            IDEMPOTENCY,
            parameter("next", "true: lease the next task in the same transaction", choices=["true"]),
        ],
    )
    def post(self, values: dict[str, Any]) -> Any:
        answer = answers.Answer(request_key=request_key(self.request), **values)
        if not chosen(self.request, "next", ["true"]):
            return {"annotation": self.by_service(answers.submit_annotation, answer=answer)}
        annotation, following = answers.submit_and_lease_next(
            assignment_id=self.kwargs["id"], person=self.person, answer=answer, at=timezone.now()
        )
        return {
            "annotation": annotation,
            **following_or_why(self, following, annotation.assignment.task.queue),
        }


def request_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= 64:
        raise BadInput(
            "Send an Idempotency-Key header of 1 to 64 characters, new for each answer, so that one sent twice "
            "counts once.",
            field="Idempotency-Key",
        )
    return key


class Draft(OwnAssignment):
    """Keep what has been typed so far; the lease runs on."""

    @operation(takes=DraftIn, gives=DraftOut)
    def put(self, values: dict[str, Any]) -> Any:
        return self.by_service(answers.save_draft, **values)


class RevealSuggestion(OwnAssignment):
    """Keep the whole answer as it is, for good, and be given what the model says; asked again, the first stands."""

    @operation(takes=GivenAnswer, gives=AssignmentOut)
    def post(self, values: dict[str, Any]) -> Any:
        self.by_service(reveals.reveal_suggestion, answer=answers.Answer(**values))
        return own_assignment(assignment_id=self.kwargs["id"], person=self.person)


class SkipAssignment(OwnAssignment):
    """Not for me: the task stays open for others."""

    @operation(takes=Skip, gives=Stand)
    def post(self, values: dict[str, Any]) -> Any:
        return self.by_service(declining.decline, verb="skip", **values)


class EscalateAssignment(OwnAssignment):
    """For a lead: the task leaves the queue."""

    @operation(takes=Escalate, gives=Stand)
    def post(self, values: dict[str, Any]) -> Any:
        return self.by_service(declining.decline, verb="escalate", **values)


class ExcludeAssignment(OwnAssignment):
    """Not for anyone: the task leaves the queue until a lead puts it back; answers given so far are kept."""

    @operation(takes=Exclude, gives=Stand)
    def post(self, values: dict[str, Any]) -> Any:
        return self.by_service(declining.decline, verb="exclude", **values)


class ReleaseAssignment(OwnAssignment):
    """Give the task back unanswered."""

    @operation(gives=Stand)
    def post(self) -> Any:
        return self.by_service(leases.release)


class ReopenAssignment(OwnAssignment):
    """Take your answer up again; the old one counts until the new one is submitted."""

    @operation(gives=AssignmentOut)
    def post(self) -> Any:
        self.by_service(answers.reopen)
        return own_assignment(assignment_id=self.kwargs["id"], person=self.person)


class TaskPages(Keyset):
    """Keyset pages in the order asked for."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        return (ORDERS[chosen(request, "order", ORDERS) or "newest"],)


class Tasks(ProjectView):
    """The project's tasks, for leads. Gold is not among them: it stays blind."""

    may = {"GET": "adjudicate"}
    pagination_class: type[BasePagination] = TaskPages

    @operation(
        gives=TaskOut,
        many=True,
        query=[
            parameter("state", "Only tasks in this state", choices=TaskState.values),
            parameter("reason", "Only tasks with this reason", choices=REASONS),
            parameter("order", "newest (default) or oldest first", choices=ORDERS),
        ],
    )
    def get(self) -> Any:
        state = chosen(self.request, "state", TaskState.values)
        reason = chosen(self.request, "reason", REASONS)
        found = tasks_of(project=self.project, state=state, reason=reason)
        return found.select_related("consensus__settled_by", "reserved_for__person")


class AdjudicateTask(RowView):
    """Settle a conflict or an escalation. Nobody settles a task they answered."""

    may = {"POST": "adjudicate"}
    rows, through = Task, "queues__tasks"

    @operation(takes=Adjudicate, gives=ConsensusOut)
    def post(self, values: dict[str, Any]) -> Any:
        return consensus.adjudicate(task_id=self.kwargs["id"], by=self.person, at=timezone.now(), **values)


class TakeTask(RowView):
    """Take a dispute for yourself for three minutes, or let them run anew; nobody else settles it meanwhile."""

    may = {"POST": "adjudicate"}
    rows, through = Task, "queues__tasks"

    @operation(takes=TakeDispute, gives=Stand)
    def post(self, values: dict[str, Any]) -> Any:
        return disputes.take_dispute(task_id=self.kwargs["id"], by=self.person, at=timezone.now(), **values)


class LeaveTask(RowView):
    """Give a dispute back that you have taken."""

    may = {"POST": "adjudicate"}
    rows, through = Task, "queues__tasks"

    @operation(status=204)
    def post(self) -> Any:
        disputes.leave_dispute(task_id=self.kwargs["id"], by=self.person, at=timezone.now())


class ReopenTask(RowView):
    """Take a decision back, with a reason: the task waits for a lead again."""

    may = {"POST": "adjudicate"}
    rows, through = Task, "queues__tasks"

    @operation(takes=Why, gives=TaskOut)
    def post(self, values: dict[str, Any]) -> Any:
        consensus.reopen_task(task_id=self.kwargs["id"], by=self.person, at=timezone.now(), **values)
        return task_in(project=self.project, task_id=self.kwargs["id"])


class PutTaskBack(RowView):
    """Of an excluded task: ask people again, or take it up as a lead."""

    may = {"POST": "adjudicate"}
    rows, through = Task, "queues__tasks"

    @operation(takes=PutBack, gives=TaskOut)
    def post(self, values: dict[str, Any]) -> Any:
        declining.put_back(task_id=self.kwargs["id"], by=self.person, at=timezone.now(), **values)
        return task_in(project=self.project, task_id=self.kwargs["id"])


class Queues(ProjectView):
    """Every queue of the project, that of the protocol in force first."""

    may = {"GET": "run_queue"}

    @operation(gives=QueueOut, many=True)
    def get(self) -> Any:
        return queue_states(project=self.project)


class OneQueue(RowView):
    may = {"POST": "run_queue"}
    rows, through = Queue, "queues"

    def by_service(self, service: Callable[..., Any], **values: Any) -> Any:
        service(queue=self.row, by=self.person, at=timezone.now(), **values)
        return queue_state(project=self.project, queue_id=self.kwargs["id"])


class PauseQueue(OneQueue):
    """Serve nothing more until it is resumed; leases that are out stay good."""

    @operation(gives=QueueOut)
    def post(self) -> Any:
        return self.by_service(tasks.pause_queue)


class ResumeQueue(OneQueue):
    """Serve from the queue again."""

    @operation(gives=QueueOut)
    def post(self) -> Any:
        return self.by_service(tasks.resume_queue)


class WithdrawQueue(OneQueue):
    """Take all that is open out of the queue, for a reason; answers given so far are kept."""

    @operation(takes=Why, gives=QueueOut)
    def post(self, values: dict[str, Any]) -> Any:
        return self.by_service(tasks.withdraw_open_tasks, **values)


class QueueReservations(OneQueue):
    """Whom open tasks of the queue are kept for, and which of them lack people."""

    may = {"GET": "run_queue"}

    @operation(gives=ReservationOut, many=True)
    def get(self) -> Any:
        return reservations_in(queue=self.row)


class ReserveTasks(OneQueue):
    """Keep open tasks for a group or a person: nobody else is served them. Leases that are out stay good."""

    @operation(takes=Reserve, gives=Changed)
    def post(self, values: dict[str, Any]) -> Any:
        given = {"selection": values["select"], "reserved_for": values["audience"]}
        return {"tasks": serving.reserve_tasks(queue=self.row, by=self.person, at=timezone.now(), **given)}


class PrioritiseTasks(OneQueue):
    """Serve open tasks sooner or later than others."""

    @operation(takes=Prioritise, gives=Changed)
    def post(self, values: dict[str, Any]) -> Any:
        given = {"selection": values["select"], "priority": values["priority"]}
        return {"tasks": serving.prioritise_tasks(queue=self.row, by=self.person, at=timezone.now(), **given)}
