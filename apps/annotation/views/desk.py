"""The desk and its verbs. Every verb answers with the next card."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from apps.annotation.bulk import why_not_in_bulk
from apps.annotation.cards import card_of, decision_of
from apps.annotation.domain import OUTCOMES, VERBS
from apps.annotation.forms import answer_from, base_from, draft_from, page_from, showing_from
from apps.annotation.models import HOLDING, Assignment, Queue
from apps.annotation.queries.desk import (
    Empty,
    active_queue,
    held_assignment,
    newest_assignment_id,
    own_assignment,
    why_empty,
)
from apps.annotation.queries.work import last_decisions
from apps.annotation.services import answers, declining, leases, reveals
from apps.core.pages import page
from apps.projects.permissions import Member, member_view

DESK = "annotation/desk.html"


@never_cache  # the browser's history would show a card that is long answered
@require_GET
@member_view("annotate")
def desk(request: HttpRequest, member: Member) -> HttpResponse:
    """The shell, with the card the person already holds; leasing one is a POST."""
    at, queue = timezone.now(), active_queue(project=member.project)
    held = queue and held_assignment(queue=queue, person=member.person, at=at)
    past = last_decisions(queue=queue, person=member.person) if queue else []
    context = {
        "queue": queue,
        "card": held and card_of(held, at=at),
        "decisions": [decision_of(assignment) for assignment in past],
        "verbs": VERBS.values(),
        "guidelines_open": f"guidelines-{member.person.pk}" in request.COOKIES,
        "in_bulk": queue and not why_not_in_bulk(queue.protocol.body),
    }
    return page(request, DESK, context)


@require_POST
@member_view("annotate")
def lease(request: HttpRequest, member: Member) -> HttpResponse:
    at, queue = timezone.now(), active_queue(project=member.project)
    if queue is None:
        return _show(request, member, None, queue=None)
    after = newest_assignment_id(queue=queue, person=member.person)
    assignment = leases.lease_next(queue=queue, person=member.person, at=at, after=after)
    return _show(request, member, assignment, queue=queue)


@require_POST
@member_view("annotate")
def ahead(request: HttpRequest, member: Member) -> HttpResponse:
    """The card after the one that the page is showing, to be painted at once when it is due; 204 for none."""
    queue, showing = active_queue(project=member.project), showing_from(request.POST)
    if queue is None:
        return HttpResponse(status=204)
    assignment = leases.lease_ahead(queue=queue, person=member.person, showing=showing, at=timezone.now())
    return _card(request, assignment)


@never_cache
@require_GET
@member_view("annotate")
def stand(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """One's own card as it stands on the server: with its draft, else with the answer that was submitted."""
    return _standing(request, member, assignment_id)


def _standing(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    assignment = own_assignment(assignment_id=assignment_id, person=member.person, project=member.project)
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
        based_on=base_from(request.POST),
        at=timezone.now(),
    )
    response = _time_left(assignment)
    response["X-Draft-Version"] = assignment.draft_version
    return response


@require_POST
@member_view("annotate")
def reveal(request: HttpRequest, member: Member, assignment_id: int) -> HttpResponse:
    """Keep the answer as it is before the model's word; the card then has that word."""
    reveals.reveal_suggestion(
        assignment_id=assignment_id,
        person=member.person,
        project=member.project,
        answer=answer_from(request.POST),
        page=page_from(request.POST),
        based_on=base_from(request.POST),
        at=timezone.now(),
    )
    return _standing(request, member, assignment_id)


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


@require_http_methods(["GET", "HEAD", "POST"])
@member_view("annotate")
def decline(request: HttpRequest, member: Member, assignment_id: int, verb: str) -> HttpResponse:
    """POST skips, escalates or excludes; GET asks for the reason on a page, where no script opens the dialog."""
    if request.method != "POST":
        own = own_assignment(assignment_id=assignment_id, person=member.person, project=member.project)
        return page(request, "annotation/decline.html", {"verb": VERBS[verb], "assignment": own})
    done = declining.decline(
        assignment_id=assignment_id,
        person=member.person,
        project=member.project,
        verb=verb,
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
        empty = empty or why_empty(queue=queue, person=member.person, at=at)
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
