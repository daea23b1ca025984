"""Pages over everything: browse, one example, its lineage, jobs and health, audit."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.events import verify_chain as recompute
from apps.core.health import readings
from apps.core.pages import page
from apps.explore.queries.audit import Asked, events, people
from apps.explore.queries.browse import LAYOUTS, Filters, browse, choices_of, split_counts
from apps.explore.queries.example import dossier
from apps.explore.queries.jobs import jobs as jobs_of
from apps.explore.queries.jobs import run_of
from apps.explore.queries.lineage import lineage as lineage_of
from apps.projects.permissions import Member, member_view
from apps.projects.queries import reading_of
from apps.projects.views import run_actions


@require_GET
@member_view("view")
def data(request: HttpRequest, member: Member) -> HttpResponse:
    filters = Filters.parse(request.GET)
    context = {
        "filters": filters,
        "page": browse(member=member, filters=filters),
        "counts": split_counts(project=member.project),
        "choices": choices_of(member),
        "layouts": [(*layout, filters.url(layout=layout[0])) for layout in LAYOUTS],
        "classes": reading_of(project=member.project).labels,
        "first_url": filters.url(after=""),
    }
    return page(request, "explore/data.html", context, partial="examples")


@require_GET
@member_view("view")
def example(request: HttpRequest, member: Member, key: str) -> HttpResponse:
    return page(request, "explore/example.html", {"known": dossier(member=member, key=key)})


@require_GET
@member_view("view")
def lineage(request: HttpRequest, member: Member, key: str) -> HttpResponse:
    known = dossier(member=member, key=key)
    context = {"known": known, "lineage": lineage_of(dossier=known)}
    return page(request, "explore/lineage.html", context, partial="lineage")


@require_GET
@member_view("view")
def jobs(request: HttpRequest, member: Member) -> HttpResponse:
    now = timezone.now()
    context = {"board": jobs_of(project=member.project, at=now), "now": now}
    return page(request, "explore/jobs.html", context, partial="jobs")


@require_GET
@member_view("view")
def health(request: HttpRequest, member: Member) -> HttpResponse:
    return page(request, "explore/health.html", {"readings": readings()}, partial="health")


cancel_job, retry_job = run_actions(run_of, back="explore:jobs")


@require_GET
@member_view("audit")
def audit(request: HttpRequest, member: Member) -> HttpResponse:
    asked = Asked.parse(request.GET)
    found = events(member=member, asked=asked)
    context = {
        "asked": asked,
        "page": found,
        "people": people(member=member),
        "first_url": asked.url(before=""),
    }
    return page(request, "explore/audit.html", context, partial="events")


@require_POST
@member_view("audit")
def verify_chain(request: HttpRequest, member: Member) -> HttpResponse:
    return page(request, "explore/verify_chain.html", {"report": recompute()}, partial="verify_chain")
