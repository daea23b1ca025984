"""A protocol that is being written: tried on an example, and put in force with what becomes of old answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import retarget

from apps.annotation.forms import mapping_from
from apps.annotation.previews import preview_of
from apps.annotation.queries.changes import change_to
from apps.annotation.queries.tasks import example_to_show
from apps.core.errors import BadInput
from apps.core.pages import page
from apps.projects.drafts import read_draft
from apps.projects.permissions import Member, member_view
from apps.projects.services import ProtocolMoved, add_protocol
from apps.projects.views import show_draft


@require_POST
@member_view("edit_protocol")
def preview(request: HttpRequest, member: Member) -> HttpResponse:
    """A protocol that is being written, as its card would look with an example of the project."""
    shown = preview_of(read_draft(request.POST), example=example_to_show(project=member.project))
    if not shown.problem:
        return page(request, "annotation/preview.html", {"shown": shown}, partial="preview")
    # the last card that was right stays beside what is wrong now
    response = page(request, "annotation/preview.html", {"shown": shown}, partial="preview_problem")
    return retarget(response, "#preview_problem")


@require_POST
@member_view("edit_protocol")
def save_protocol(request: HttpRequest, member: Member) -> HttpResponse:
    """Puts a draft in force; where old answers are concerned, first asks what becomes of them."""
    draft, project = read_draft(request.POST), member.project
    try:
        change = change_to(project=project, body=draft.checked(), said=mapping_from(request.POST))
        if change.asks and "mapped" not in request.POST:
            return page(request, "annotation/old_answers.html", {"change": change}, partial="old_answers")
        body, mapping, at = change.body, change.whole_mapping, timezone.now()
        saved = add_protocol(project=project, body=body, mapping=mapping, by=member.person, at=at)
    except (BadInput, ProtocolMoved) as error:
        project.refresh_from_db(fields=["protocol"])  # the page names the version now in force
        return show_draft(request, member, draft.refused(error), status=error.status)
    messages.success(request, f"Protocol version {saved.version} is in force.")
    return redirect("projects:protocol", member.project.slug)
