"""Adjudication: what waits for a lead, and one dispute after the other."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import push_url

from apps.annotation.disputes import dispute_of, settled_of, waiting
from apps.annotation.forms import settlement_from
from apps.annotation.models import Task
from apps.annotation.queries.tasks import (
    disputed_after,
    excluded_tasks,
    next_dispute,
    task_in,
    to_repair,
)
from apps.annotation.services import consensus, declining, disputes
from apps.annotation.views.paging import PAGE, number_from, page_of
from apps.core.pages import page
from apps.projects.permissions import Member, member_view


@require_GET
@member_view("adjudicate")
def adjudication(request: HttpRequest, member: Member) -> HttpResponse:
    """What waits for a lead, oldest first."""
    after, at = _task(request, member, "after"), timezone.now()
    found = disputed_after(person=member.person, project=member.project, task=after)
    paged = page_of(found, name="after")
    context = {
        **paged,
        "rows": waiting(paged["rows"], person=member.person, at=at),
        "following": next_dispute(person=member.person, project=member.project, at=at),
        "settled": settled_of(_task(request, member, "settled")),
        "repair": to_repair(project=member.project)[:PAGE],
        "excluded": excluded_tasks(project=member.project)[:PAGE],
    }
    return page(request, "annotation/adjudication.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_view("adjudicate")
def settle(request: HttpRequest, member: Member, task_id: int) -> HttpResponse:
    """GET shows one dispute; POST settles it and goes on to the next, which shows how this one ended."""
    task, at = task_in(project=member.project, task_id=task_id), timezone.now()
    if request.method == "POST":
        given = settlement_from(request.POST)
        consensus.adjudicate(task_id=task.pk, by=member.person, at=at, **given)
        return redirect(_next_dispute_url(member, task))
    context = {
        "dispute": dispute_of(task, person=member.person, at=at),
        "settled": settled_of(_task(request, member, "settled") or task),
        "following": next_dispute(person=member.person, project=member.project, at=at, after=task),
    }
    response = page(request, "annotation/settle.html", context, partial="dispute")
    return push_url(response, request.get_full_path()) if getattr(request, "htmx", False) else response


@require_POST
@member_view("adjudicate")
def take(request: HttpRequest, member: Member, task_id: int) -> HttpResponse:
    """Lease the dispute that is open on this lead's page, or let the lease run on; `over` takes it from another."""
    task, over = task_in(project=member.project, task_id=task_id), request.POST.get("over") == "yes"
    disputes.take_dispute(task_id=task.pk, by=member.person, at=timezone.now(), take_over=over)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    return redirect("annotation:settle", member.project.slug, task.pk)


@require_POST
@member_view("adjudicate")
def leave(request: HttpRequest, member: Member, task_id: int) -> HttpResponse:
    """The page is closed: another lead may have the dispute at once."""
    task = task_in(project=member.project, task_id=task_id)
    disputes.leave_dispute(task_id=task.pk, by=member.person, at=timezone.now())
    return HttpResponse(status=204)


@require_POST
@member_view("adjudicate")
def reopen_task(request: HttpRequest, member: Member, task_id: int) -> HttpResponse:
    task = task_in(project=member.project, task_id=task_id)
    why = request.POST.get("why", "")
    consensus.reopen_task(task_id=task.pk, by=member.person, why=why, at=timezone.now())
    messages.info(request, "Reopened: it waits for a lead.")
    return redirect("annotation:settle", member.project.slug, task.pk)


@require_POST
@member_view("adjudicate")
def put_back(request: HttpRequest, member: Member, task_id: int) -> HttpResponse:
    task = task_in(project=member.project, task_id=task_id)
    given = {name: request.POST.get(name, "") for name in ("to", "why")}
    put = declining.put_back(task_id=task.pk, by=member.person, at=timezone.now(), **given)
    if put.state == Task.State.ESCALATED:
        messages.info(request, "Put back: it waits for a lead.")
        return redirect("annotation:settle", member.project.slug, task.pk)
    messages.info(request, "Put back: people are asked about it again.")
    return redirect("annotation:adjudication", member.project.slug)


def _next_dispute_url(member: Member, task: Task) -> str:
    following = next_dispute(person=member.person, project=member.project, at=timezone.now(), after=task)
    if following is None:
        url = reverse("annotation:adjudication", args=[member.project.slug])
    else:
        url = reverse("annotation:settle", args=[member.project.slug, following.pk])
    return f"{url}?settled={task.pk}"


def _task(request: HttpRequest, member: Member, name: str) -> Task | None:
    """The task a parameter of the address names; None when there is no such parameter."""
    number = number_from(request, name)
    return None if number is None else task_in(project=member.project, task_id=number)
