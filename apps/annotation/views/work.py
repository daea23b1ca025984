"""My work: what one has done here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from apps.annotation.cards import decision_of
from apps.annotation.queries.work import decisions_of, queues_for, work_of
from apps.annotation.views.paging import number_from, page_of
from apps.core.pages import page
from apps.projects.permissions import Member, member_view


@require_GET
@member_view("annotate")
def my_work(request: HttpRequest, member: Member) -> HttpResponse:
    """The person's queues, pace and last decisions. How they did on gold is calibration's to say."""
    person, project = member.person, member.project
    rows = decisions_of(person=person, project=project, before=number_from(request, "before"))
    listed = page_of(rows, name="before")
    context = {
        **listed,
        "decisions": [decision_of(row) for row in listed["rows"]],
        "work": work_of(person=person, project=project),
        "queues": queues_for(person=person, project=project),
    }
    return page(request, "annotation/my_work.html", context, partial="decisions")
