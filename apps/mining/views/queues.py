"""A queue: what is open in it, for whom and how soon; paused, resumed, withdrawn."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.annotation.models import Queue
from apps.annotation.queries.open import attributes_in, open_page, open_tasks, reservations_in
from apps.annotation.queues import QueueState, queue_state
from apps.annotation.services import serving, tasks
from apps.core.keyset import number_in
from apps.core.pages import go_to, page
from apps.mining.forms import FILTERS, address_of, selection_from
from apps.projects.domain import EVERYBODY
from apps.projects.permissions import Member, member_view
from apps.projects.queries import audiences


@require_GET
@member_view("run_queue")
def queue(request: HttpRequest, member: Member, queue_id: int) -> HttpResponse:
    """What is open, in the order it is served in, and whom it waits for."""
    stands, selection = _stands(member, queue_id), selection_from(request.GET)
    after = number_in(request.GET.get("after", ""), name="after")
    context = {
        "stands": stands,
        "address": address_of(selection),
        "matching": open_tasks(queue=stands.queue, selection=selection).count(),
        "page": open_page(queue=stands.queue, selection=selection, after=after),
        "reservations": reservations_in(queue=stands.queue),
        "audiences": audiences(project=member.project),
        "attributes": attributes_in(queue=stands.queue),
        "filters": FILTERS,
    }
    return page(request, "mining/queue.html", context)


@require_POST
@member_view("run_queue")
def reserve(request: HttpRequest, member: Member, queue_id: int) -> HttpResponse:
    """Reserve what is ticked, else what the filters match; for everybody: lift it."""
    queue, selection = _queue(member, queue_id), selection_from(request.POST)
    whom = request.POST.get("audience", "")
    n = serving.reserve_tasks(
        queue=queue, selection=selection, reserved_for=whom, by=member.person, at=timezone.now()
    )
    told = "for everybody" if whom == EVERYBODY else f"reserved for {whom.partition(':')[2]}"
    messages.success(request, f"{n} {'task is' if n == 1 else 'tasks are'} {told} now.")
    return go_to(request, _address(member, queue, request))


@require_POST
@member_view("run_queue")
def prioritise(request: HttpRequest, member: Member, queue_id: int) -> HttpResponse:
    """Give what is ticked, else what the filters match, another priority."""
    queue, selection = _queue(member, queue_id), selection_from(request.POST)
    level = request.POST.get("level", "")
    n = serving.prioritise_tasks(
        queue=queue, selection=selection, priority=level, by=member.person, at=timezone.now()
    )
    messages.success(request, f"{n} {'task has' if n == 1 else 'tasks have'} {level} priority now.")
    return go_to(request, _address(member, queue, request))


def _address(member: Member, queue: Queue, request: HttpRequest) -> str:
    """The page with the filters that were in force."""
    address = address_of(replace(selection_from(request.POST), keys=(), n=None))
    return reverse("mining:queue", args=[member.project.slug, queue.pk]) + (f"?{address}" if address else "")


def _stands(member: Member, queue_id: int) -> QueueState:
    return queue_state(project=member.project, queue_id=queue_id)


def _queue(member: Member, queue_id: int) -> Queue:
    return _stands(member, queue_id).queue


@require_POST
@member_view("run_queue")
def pause_queue(request: HttpRequest, member: Member, queue_id: int) -> HttpResponse:
    queue = _queue(member, queue_id)
    tasks.pause_queue(queue=queue, by=member.person, at=timezone.now())
    messages.success(request, f"{queue.name} serves nothing more until it is resumed.")
    return redirect("mining:runs", member.project.slug)


@require_POST
@member_view("run_queue")
def resume_queue(request: HttpRequest, member: Member, queue_id: int) -> HttpResponse:
    queue = _queue(member, queue_id)
    tasks.resume_queue(queue=queue, by=member.person, at=timezone.now())
    messages.success(request, f"{queue.name} is served again.")
    return redirect("mining:runs", member.project.slug)


@require_POST
@member_view("run_queue")
def withdraw_queue(request: HttpRequest, member: Member, queue_id: int) -> HttpResponse:
    queue, why = _queue(member, queue_id), request.POST.get("why", "")
    count = tasks.withdraw_open_tasks(queue=queue, by=member.person, at=timezone.now(), why=why)
    messages.success(request, f"{count} tasks of {queue.name} were withdrawn; answers given so far are kept.")
    return redirect("mining:runs", member.project.slug)
