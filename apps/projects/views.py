"""Members, their groups and the protocol; and the two verbs that every page of a run has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import BadInput
from apps.core.keyset import number_in
from apps.core.pages import go_to, page
from apps.projects import queries
from apps.projects import services as projects
from apps.projects.domain.ready import READY
from apps.projects.domain.words import WORDS
from apps.projects.drafts import MOST_FILE, Draft, act, draft_of_text, opened, read_draft
from apps.projects.forms import ROLES, MemberForm
from apps.projects.models import Membership
from apps.projects.permissions import Member, member_view
from apps.projects.runs import cancel, retry
from apps.projects.services import groups


def _members(request: HttpRequest, member: Member, status: int = 200, **extra: Any) -> HttpResponse:
    context = {
        "members": queries.members_of(project=member.project),
        "admins": queries.admins_of(project=member.project),
        "roles": ROLES,
        "may_change": member.may("manage_members"),
        "groups": queries.groups_of(project=member.project),
        **extra,
    }
    return page(request, "projects/members.html", context, status=status)


@require_GET
@member_view("view_people")
def members(request: HttpRequest, member: Member) -> HttpResponse:
    return _members(request, member, form=MemberForm())


@require_POST
@member_view("manage_members")
def add_member(request: HttpRequest, member: Member) -> HttpResponse:
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _members(request, member, form=form, status=422)
    try:
        given = {name: form.cleaned_data[name] for name in ("username", "email", "role")}
        added, link = projects.invite_member(
            project=member.project, by=member.person, at=timezone.now(), **given
        )
    except BadInput as error:
        form.add_error("who", error.message)
        return _members(request, member, form=form, status=422)
    return _welcome(request, member, added, link)


def _welcome(request: HttpRequest, member: Member, added: Membership, link: str | None) -> HttpResponse:
    name = added.person.display_name
    if link is None:
        messages.success(request, f"{name} is {added.role} here now.")
        return redirect("projects:members", member.project.slug)
    # answered without a redirect, so that the link stands in this answer and nowhere else
    return _members(request, member, form=MemberForm(), invited=name, link=request.build_absolute_uri(link))


@require_POST
@member_view("manage_members")
def set_role(request: HttpRequest, member: Member, person_id: int) -> HttpResponse:
    person, role = (
        queries.member_person(project=member.project, person_id=person_id),
        request.POST.get("role", ""),
    )
    projects.set_member(project=member.project, person=person, role=role, by=member.person, at=timezone.now())
    messages.success(request, f"{person.display_name} is {role} here now.")
    return redirect("projects:members", member.project.slug)


@require_POST
@member_view("manage_members")
def remove_member(request: HttpRequest, member: Member, person_id: int) -> HttpResponse:
    person = queries.member_person(project=member.project, person_id=person_id)
    projects.remove_member(project=member.project, person=person, by=member.person, at=timezone.now())
    messages.success(request, f"{person.display_name} is no longer a member. What they did stays.")
    return redirect("projects:members", member.project.slug)


@require_POST
@member_view("manage_groups")
def make_group(request: HttpRequest, member: Member) -> HttpResponse:
    group = groups.make_group(
        project=member.project,
        name=request.POST.get("name", ""),
        people=request.POST.getlist("people"),
        by=member.person,
        at=timezone.now(),
    )
    messages.success(request, f"{group} is a group now.")
    return go_to(request, reverse("projects:members", args=[member.project.slug]))


@require_POST
@member_view("manage_groups")
def change_group(request: HttpRequest, member: Member, group_id: int) -> HttpResponse:
    group = groups.change_group(
        group=queries.group_in(project=member.project, group_id=group_id),
        name=request.POST.get("name", ""),
        people=request.POST.getlist("people"),
        by=member.person,
        at=timezone.now(),
    )
    messages.success(request, f"{group} was changed.")
    return go_to(request, reverse("projects:members", args=[member.project.slug]))


@require_POST
@member_view("manage_groups")
def dissolve_group(request: HttpRequest, member: Member, group_id: int) -> HttpResponse:
    group = queries.group_in(project=member.project, group_id=group_id)
    groups.dissolve_group(group=group, by=member.person, at=timezone.now())
    messages.success(request, f"{group} was dissolved. What waited for it is for everybody now.")
    return redirect("projects:members", member.project.slug)


@require_GET
@member_view("view")
def protocol(request: HttpRequest, member: Member) -> HttpResponse:
    context = {
        "protocol": member.project.protocol,
        "versions": queries.versions_of(project=member.project),
        "may_edit": member.may("edit_protocol"),
    }
    return page(request, "projects/protocol.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_view("edit_protocol")
def edit_protocol(request: HttpRequest, member: Member) -> HttpResponse:
    """GET begins a draft; POST does what was pressed in one, and saves nothing."""
    if request.method != "POST":
        text = queries.draft_of(project=member.project, start=request.GET.get("start", ""))
        return show_draft(request, member, replace(draft_of_text(text), view="form"))
    if file := request.FILES.get("file"):
        return show_draft(request, member, opened(file.name or "The file", file.read(MOST_FILE + 1)))
    draft = act(read_draft(request.POST), request.POST.get("do", ""), request.POST)
    return show_draft(request, member, replace(draft, view="json") if draft.problem else draft)


def show_draft(request: HttpRequest, member: Member, draft: Draft, status: int = 200) -> HttpResponse:
    """The editor with this draft in it."""
    context = {
        "draft": draft,
        "against": member.project.protocol.version if member.project.protocol else 0,
        "ready": READY.values(),
        "words": WORDS,
        "back": member.project.protocol is not None,
    }
    return page(request, "projects/edit_protocol.html", context, partial="draft", status=status)


@require_GET
@member_view("view")
def protocol_version(request: HttpRequest, member: Member, version: int) -> HttpResponse:
    against = number_in(request.GET.get("against", ""), name="against")
    context = {
        "difference": queries.difference(project=member.project, version=version, against=against),
        "versions": queries.versions_of(project=member.project),
    }
    return page(request, "projects/protocol_version.html", context, partial="protocol_version")


@require_GET
@member_view("view")
def protocol_file(request: HttpRequest, member: Member, version: int) -> HttpResponse:
    """The version as a JSON file, to be kept or put in force in another project."""
    found = queries.protocol_version(project=member.project, version=version)
    name = f"{member.project.slug}-protocol-{version}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(queries.as_json(found.body), content_type="application/json", headers=headers)


def run_actions(
    find: Callable[..., Any], *, back: str, keep: tuple[str, ...] = ()
) -> tuple[Callable[..., HttpResponse], Callable[..., HttpResponse]]:
    """Cancel and retry, as views on the run that `find` gives for what the address names; both lead `back`.

    `keep` are the words of the address that the page they lead to has in its own.
    """

    def view_of(act: Callable[..., None]) -> Callable[..., HttpResponse]:
        @require_POST
        @member_view("run_jobs")
        def view(request: HttpRequest, member: Member, **named: Any) -> HttpResponse:
            act(run=find(project=member.project, **named), by=member.person, at=timezone.now())
            words = {word: named[word] for word in keep}
            return HttpResponseRedirect(reverse(back, kwargs={"slug": member.project.slug, **words}))

        return view

    return view_of(cancel), view_of(retry)
