"""Labelling in bulk: a grid of tasks, each of which gets an answer of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.annotation.bulk import SIZES, seconds_kept, why_not_in_bulk
from apps.annotation.domain import OUTCOMES, SKIP
from apps.annotation.forms import assignments_from, batch_from, size_from
from apps.annotation.queries.batches import held_in_batch
from apps.annotation.queries.desk import active_queue, why_empty
from apps.annotation.questions import CONDITIONS, CONFIDENCE
from apps.annotation.services import batches
from apps.annotation.tiles import labels_of, tile_of
from apps.core.pages import page
from apps.projects.permissions import Member, member_view

BULK = "annotation/bulk.html"


@never_cache
@require_GET
@member_view("annotate")
def bulk(request: HttpRequest, member: Member) -> HttpResponse:
    """The page without tasks, or why they cannot be labelled in bulk; taking some is a POST."""
    at, queue = timezone.now(), active_queue(project=member.project)
    context: dict[str, Any] = {"queue": queue, "sizes": SIZES, "skip_reasons": SKIP.reasons}
    if queue:
        body = queue.protocol.body
        context["why_not"] = why_not_in_bulk(body)
        context["labels"] = None if context["why_not"] else labels_of(body)
        context["held"] = held_in_batch(queue=queue, person=member.person, at=at).exists()
    return page(request, BULK, {**context, "conditions": CONDITIONS, "confidence": CONFIDENCE})


@require_POST
@member_view("annotate")
def take_all(request: HttpRequest, member: Member) -> HttpResponse:
    """The tiles of a batch: what the person holds, filled up to the number asked for."""
    at, queue, n = timezone.now(), active_queue(project=member.project), size_from(request.POST)
    batch = batches.lease_batch(queue=queue, person=member.person, n=n, at=at) if queue else []
    kept_for = seconds_kept(queue.lease_seconds) if queue else 0
    empty = None if batch else why_empty(queue=queue, person=member.person, at=at)
    tiles = [tile_of(assignment) for assignment in batch]
    context = {"tiles": tiles, "empty": empty, "fewer": len(batch) < n, "seconds": kept_for, "at": at}
    return page(request, "annotation/_tiles.html", context)


@require_POST
@member_view("annotate")
def submit_all(request: HttpRequest, member: Member) -> HttpResponse:
    """Each answer by itself, in the order sent; what became of it stands in its row."""
    answers = batch_from(request.POST)
    at, project = timezone.now(), member.project
    outcomes = batches.submit_batch(project=project, person=member.person, answers=answers, at=at)
    return _rows(outcomes)


@require_POST
@member_view("annotate")
def keep_all(request: HttpRequest, member: Member) -> HttpResponse:
    """Heartbeat while the person works: the leases run on; those that are gone are not among what is held."""
    ids, at = assignments_from(request.POST), timezone.now()
    held = batches.keep_batch(project=member.project, person=member.person, assignment_ids=ids, at=at)
    return JsonResponse({"held": held})


@require_POST
@member_view("annotate")
def release_all(request: HttpRequest, member: Member) -> HttpResponse:
    """Give back what was not answered."""
    ids, at = assignments_from(request.POST), timezone.now()
    released = batches.release_batch(project=member.project, person=member.person, assignment_ids=ids, at=at)
    return JsonResponse({"released": released})


@require_POST
@member_view("annotate")
def skip_all(request: HttpRequest, member: Member) -> HttpResponse:
    """Not for me, said of each."""
    outcomes = batches.skip_batch(
        project=member.project,
        person=member.person,
        assignment_ids=assignments_from(request.POST),
        reason=request.POST.get("reason", ""),
        at=timezone.now(),
    )
    return _rows(outcomes)


def _rows(outcomes: list[batches.Outcome]) -> HttpResponse:
    return JsonResponse({"rows": [_row(outcome) for outcome in outcomes]})


def _row(outcome: batches.Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {"assignment": outcome.assignment_id}
    if outcome.error:
        return {**row, "code": outcome.error.code, "says": outcome.error.message}
    state = outcome.annotation.assignment.state if outcome.annotation else "skipped"
    return {**row, "code": "", "state": state, "says": OUTCOMES[state]}
