"""The desk and its verbs, adjudication, my work. Every verb of the desk answers with the next card."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import push_url, trigger_client_event

from apps.annotation import queries
from apps.annotation.cards import card_of, decision_of
from apps.annotation.disputes import dispute_of, settled_of
from apps.annotation.domain import OUTCOMES
from apps.annotation.forms import answer_from, draft_from, settlement_from, showing_from
from apps.annotation.models import HOLDING, Assignment, Queue, Task
from apps.annotation.previews import preview_of
from apps.annotation.queries import Empty
from apps.annotation.services import answers, consensus, leases
from apps.core.keyset import number_in
from apps.core.pages import page
from apps.projects.permissions import Member, member_view

DESK = "annotation/desk.html"
PAGE = 25


@never_cache  # the browser's history would show a card that is long answered
@require_GET
@member_view("annotate")
def desk(request: HttpRequest, member: Member) -> HttpResponse:
    """The shell, with the card the person already holds; leasing one is a POST."""
    at, queue = timezone.now(), queries.active_queue(project=member.project)
    held = queue and queries.held_assignment(queue=queue, person=member.person, at=at)
    past = queries.last_decisions(queue=queue, person=member.person) if queue else []
    context = {
        "queue": queue,
        "card": held and card_of(held, at=at),
        "decisions": [decision_of(assignment) for assignment in past],
    }
    return page(request, DESK, context)


@require_POST
@member_view("annotate")
def lease(request: HttpRequest, member: Member) -> HttpResponse:
    at, queue = timezone.now(), queries.active_queue(project=member.project)
    if queue is None:
        return _show(request, member, None, queue=None)
    after = queries.newest_assignment_id(queue=queue, person=member.person)
    assignment = leases.lease_next(queue=queue, person=member.person, at=at, after=after)
    return _show(request, member, assignment, queue=queue)


@require_POST
@member_view("annotate")
def ahead(request: HttpRequest, member: Member) -> HttpResponse:
    """The card after the one that the page is showing, to be painted at once when it is due; 204 for none."""
    queue, showing = queries.active_queue(project=member.project), showing_from(request.POST)
    if queue is None:
        return HttpResponse(status=204)
    assignment = leases.lease_ahead(queue=queue, person=member.person, showing=showing, at=timezone.now())
    return _card(request, assignment)


@never_cache
@require_GET
@member_view("annotate")
def stand(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """One's own card as it stands on the server: with its draft, else with the answer that was submitted."""
    assignment = queries.own_assignment(
        assignment_id=assignment_id, person=member.person, project=member.project
    )
    if not getattr(request, "htmx", False):
        return redirect("annotation:desk", slug=member.project.slug)
    if assignment.draft is None and assignment.current:
        assignment.draft = assignment.current.as_draft
    return _card(request, assignment)


@require_POST
@member_view("annotate")
def answer(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """Keep an answer that has waited in a browser, beside whatever is on the desk now: nothing is leased."""
    annotation = answers.submit_annotation(
        assignment_id=assignment_id,
        person=member.person,
        project=member.project,
        answer=answer_from(request.POST),
        at=timezone.now(),
    )
    return _told(HttpResponse(status=204), annotation.assignment)


@require_POST
@member_view("annotate")
def submit(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """Keep the answer and hand out the next task, or the one after what the page is showing already."""
    showing = showing_from(request.POST)
    annotation, following = answers.submit_and_lease_next(
        assignment_id=assignment_id,
        person=member.person,
        project=member.project,
        answer=answer_from(request.POST),
        showing=showing,
        at=timezone.now(),
    )
    done = annotation.assignment
    if showing:
        return _told(_card(request, following), done)
    return _show(request, member, following, queue=done.task.queue, done=done)


@require_POST
@member_view("annotate")
def draft(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    assignment = answers.save_draft(
        assignment_id=assignment_id,
        person=member.person,
        project=member.project,
        draft=draft_from(request.POST),
        based_on=request.POST.get("based_on"),
        at=timezone.now(),
    )
    response = _time_left(assignment)
    response["X-Draft-Version"] = assignment.draft_version
    return response


@require_POST
@member_view("annotate")
def keep(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """Heartbeat while the person works: the lease runs on."""
    assignment = leases.keep_lease(
        assignment_id=assignment_id, person=member.person, project=member.project, at=timezone.now()
    )
    return _time_left(assignment)


def _time_left(assignment: Assignment) -> HttpResponse:
    left = (assignment.lease_expires_at - timezone.now()).total_seconds()
    seconds = max(0, int(left)) if assignment.state in HOLDING else 0
    return HttpResponse(status=204, headers={"X-Lease-Seconds": str(seconds)})


@require_POST
@member_view("annotate")
def skip(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    done = leases.skip(
        assignment_id=assignment_id,
        person=member.person,
        project=member.project,
        reason=request.POST.get("reason", ""),
        note=request.POST.get("note", ""),
        at=timezone.now(),
    )
    return _next(request, member, done)


@require_POST
@member_view("annotate")
def escalate(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    done = leases.escalate(
        assignment_id=assignment_id,
        person=member.person,
        project=member.project,
        reason=request.POST.get("reason", ""),
        note=request.POST.get("note", ""),
        at=timezone.now(),
    )
    return _next(request, member, done)


@require_POST
@member_view("annotate")
def release(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """Give the task back and rest; a reopened answer is left as it was, and the next task comes."""
    done = leases.release(
        assignment_id=assignment_id, person=member.person, project=member.project, at=timezone.now()
    )
    if done.current_id:
        return _next(request, member, done)
    rest = Empty(
        "released", "You gave the task back. What you had entered is kept for when it comes round again."
    )
    return _show(request, member, None, queue=done.task.queue, empty=rest)


@require_POST
@member_view("annotate")
def reopen(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    assignment = answers.reopen(
        assignment_id=assignment_id, person=member.person, project=member.project, at=timezone.now()
    )
    return _show(request, member, assignment, queue=assignment.task.queue)


def _next(request: HttpRequest, member: Member, done: Assignment) -> HttpResponse:
    queue = done.task.queue
    following = leases.lease_next(queue=queue, person=member.person, at=timezone.now(), after=done.pk)
    return _show(request, member, following, queue=queue, done=done)


def _show(
    request: HttpRequest,
    member: Member,
    assignment: Assignment | None,
    *,
    queue: Queue | None,
    done: Assignment | None = None,
    empty: Empty | None = None,
) -> HttpResponse:
    """The card of `assignment`, or why there is none; without htmx the desk itself, which shows the same."""
    if not getattr(request, "htmx", False):
        if done:
            messages.info(request, OUTCOMES[done.state])
        return redirect("annotation:desk", slug=member.project.slug)
    at = timezone.now()
    if assignment is None:
        empty = empty or queries.why_empty(queue=queue, person=member.person, at=at)
    context = {"card": assignment and card_of(assignment, at=at), "empty": empty}
    response = page(request, DESK, context, partial="card")
    return _told(response, done) if done else response


def _card(request: HttpRequest, assignment: Assignment | None) -> HttpResponse:
    """A card alone, beside what the page shows; 204 for none."""
    if assignment is None:
        return HttpResponse(status=204)
    return page(request, DESK, {"card": card_of(assignment, at=timezone.now())}, partial="card")


def _told(response: HttpResponse, done: Assignment) -> HttpResponse:
    """With what became of the assignment, for the page to tell."""
    told = {"id": done.pk, "state": done.state, "says": OUTCOMES[done.state]}
    return trigger_client_event(response, "desk:done", told)


@require_GET
@member_view("adjudicate")
def adjudication(request: HttpRequest, member: Member) -> HttpResponse:
    """What waits for a lead, oldest first."""
    after = _task(request, member, "after")
    rows = queries.disputed_after(person=member.person, project=member.project, task=after)
    context = {
        **_page_of(rows, name="after"),
        "following": queries.next_dispute(person=member.person, project=member.project),
        "settled": settled_of(_task(request, member, "settled")),
        "repair": queries.to_repair(project=member.project)[:PAGE],
    }
    return page(request, "annotation/adjudication.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_view("adjudicate")
def settle(request: HttpRequest, member: Member, task_id: int) -> HttpResponse:
    """GET shows one dispute; POST settles it and goes on to the next, which shows how this one ended."""
    task = queries.task_in(project=member.project, task_id=task_id)
    if request.method == "POST":
        given = settlement_from(request.POST)
        consensus.adjudicate(task_id=task.pk, by=member.person, at=timezone.now(), **given)
        return redirect(_next_dispute_url(member, task))
    context = {
        "dispute": dispute_of(task, person=member.person),
        "settled": settled_of(_task(request, member, "settled") or task),
        "following": queries.next_dispute(person=member.person, project=member.project, after=task),
    }
    response = page(request, "annotation/settle.html", context, partial="dispute")
    return push_url(response, request.get_full_path()) if getattr(request, "htmx", False) else response


@require_POST
@member_view("adjudicate")
def reopen_task(request: HttpRequest, member: Member, task_id: int) -> HttpResponse:
    task = queries.task_in(project=member.project, task_id=task_id)
    why = request.POST.get("why", "")
    consensus.reopen_task(task_id=task.pk, by=member.person, why=why, at=timezone.now())
    messages.info(request, "Reopened: it waits for a lead.")
    return redirect("annotation:settle", member.project.slug, task.pk)


def _next_dispute_url(member: Member, task: Task) -> str:
    following = queries.next_dispute(person=member.person, project=member.project, after=task)
    if following is None:
        url = reverse("annotation:adjudication", args=[member.project.slug])
    else:
        url = reverse("annotation:settle", args=[member.project.slug, following.pk])
    return f"{url}?settled={task.pk}"


def _task(request: HttpRequest, member: Member, name: str) -> Task | None:
    """The task a parameter of the address names; None when there is no such parameter."""
    number = _number(request, name)
    return None if number is None else queries.task_in(project=member.project, task_id=number)


@require_POST
@member_view("edit_protocol")
def preview(request: HttpRequest, member: Member) -> HttpResponse:
    """A protocol that is being written, as its card would look with an example of the project."""
    shown = preview_of(request.POST.get("body", ""), example=queries.example_to_show(project=member.project))
    return page(request, "annotation/preview.html", {"shown": shown}, partial="preview")


@require_GET
@member_view("annotate")
def my_work(request: HttpRequest, member: Member) -> HttpResponse:
    """The person's queues, pace and last decisions. How they did on gold is calibration's to say."""
    person, project = member.person, member.project
    rows = queries.decisions_of(person=person, project=project, before=_number(request, "before"))
    listed = _page_of(rows, name="before")
    context = {
        **listed,
        "decisions": [decision_of(row) for row in listed["rows"]],
        "work": queries.work_of(person=person, project=project),
        "queues": queries.queues_for(person=person, project=project),
    }
    return page(request, "annotation/my_work.html", context, partial="decisions")


def _number(request: HttpRequest, name: str) -> int | None:
    """A row's number from the address; None when there is no such parameter."""
    return number_in(request.GET.get(name, ""), name=name)


def _page_of(rows: QuerySet[Any], *, name: str) -> dict[str, Any]:
    """The first rows and where the next page goes on: `?name=<id of the last>`."""
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1].pk if len(found) > PAGE else None
    return {"rows": found[:PAGE], "next_url": f"?{name}={last}" if last else ""}
