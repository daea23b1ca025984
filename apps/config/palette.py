"""What the command palette finds: pages and actions of the menus' own tables, for who asks, in all their projects."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_GET

from apps.accounts.models import User
from apps.accounts.signin import signed_in
from apps.config.navigation import ACTIONS, MORE, PLACES, yours
from apps.projects.models import Membership, Role
from apps.projects.permissions import Member

Found = dict[str, str]


@require_GET
@signed_in
@cache_control(private=True, max_age=60)
@conditional_page
def palette(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    rows = Membership.objects.select_related("project").filter(person=request.user).order_by("project__name")
    members = [Member(request.user, row.project, Role(row.role)) for row in rows]
    return JsonResponse({"items": [*_own(), *(item for member in members for item in _of(member))]})


def _own() -> Iterator[Found]:
    yield {"label": "All projects", "url": "/", "icon": "layers", "where": ""}
    yield from ({**item, "where": "You"} for item in yours())


def _of(member: Member) -> Iterator[Found]:
    """What this member may see and do in the project."""
    slug, name = member.project.slug, member.project.name
    for label, view, icon in _entries(member):
        yield {"label": label, "url": reverse(view, args=[slug]), "icon": icon, "where": name}


def _entries(member: Member) -> Iterator[tuple[str, str, str]]:
    yield member.project.name, "rounds:board", "folder"
    for _, icon, entries in PLACES.values():
        yield from ((label, view, icon) for label, view, action in entries if member.may(action))
    yield from ((label, view, icon) for label, view, action, icon in MORE if member.may(action))
    yield from ((label, view, "zap") for label, view, action in ACTIONS if member.may(action))
