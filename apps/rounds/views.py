"""The round board, one round, and what is started from them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.signin import signed_in
from apps.core.errors import BadInput
from apps.core.pages import page
from apps.curricula.services import start_proposal
from apps.datasets.queries import dataset_in
from apps.datasets.services import start_snapshot
from apps.explore.queries.jobs import run_of
from apps.mining.forms import PolicyForm
from apps.mining.queries import seconds_per_answer
from apps.mining.services import start_mining
from apps.projects.permissions import Member, member_view
from apps.projects.services import create_project as save_project
from apps.projects.views import run_actions
from apps.rounds import history as told
from apps.rounds.actions import next_action
from apps.rounds.forms import ProjectForm, ReflectionForm
from apps.rounds.made import Made, made_in
from apps.rounds.projects import projects_of
from apps.rounds.queries import phases_of, round_in, standing
from apps.rounds.services import Lesson, close_round, open_first_round


def _home(request: HttpRequest, form: ProjectForm, status: int = 200) -> HttpResponse:
    mine = projects_of(person=request.user, at=timezone.now())  # type: ignore[arg-type]  # signed in
    return page(request, "rounds/home.html", {"projects_": mine, "form": form}, status=status)


@require_GET
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    places = request.user.memberships.values_list("project__slug", flat=True)  # type: ignore[union-attr]
    if len(places) == 1 and "all" not in request.GET:
        return redirect("rounds:board", places[0])
    return _home(request, ProjectForm())


@require_POST
@signed_in
def create_project(request: HttpRequest) -> HttpResponse:
    form, at = ProjectForm(request.POST), timezone.now()
    if not form.is_valid():
        return _home(request, form, status=422)
    try:
        made = save_project(by=request.user, at=at, **form.cleaned_data)  # type: ignore[arg-type]
    except BadInput as error:
        form.add_error(str(error.detail.get("field") or "slug"), error.message)
        return _home(request, form, status=422)
    return redirect("rounds:board", made.slug)


def _board(
    request: HttpRequest, member: Member, forms: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    stands = standing(project=member.project, at=timezone.now())
    past = told.history(project=member.project)
    action = next_action(standing=stands, project=member.project)
    context = {
        "standing": stands,
        "action": action,
        "may_act": action.may(member),
        "past": past,
        "figure": told.history_figure(past),
        "changes": told.changes(past=past, number=stands.made.number),
        **_forms(action.kind, member, stands.made, past),
        **(forms or {}),
    }
    return page(request, "rounds/board.html", context, partial="standing", status=status)


def _forms(kind: str, member: Member, made: Made, past: list[told.Past]) -> dict[str, Any]:
    """The form that the next action needs, if it needs one."""
    if kind == "mine":
        policy = PolicyForm(project=member.project)
        return {"policy": policy, "seconds_per_answer": seconds_per_answer(project=member.project)}
    if kind == "reflect":
        return {"reflection": ReflectionForm(hints=told.hints(made=made, past=past))}
    return {}


@require_GET
@member_view("view")
def board(request: HttpRequest, member: Member) -> HttpResponse:
    return _board(request, member)


@require_POST
@member_view("reflect")
def open_round(request: HttpRequest, member: Member) -> HttpResponse:
    open_first_round(project=member.project, by=member.person, at=timezone.now())
    return redirect("rounds:board", member.project.slug)


@require_POST
@member_view("mine")
def mine(request: HttpRequest, member: Member) -> HttpResponse:
    form = PolicyForm(request.POST, project=member.project)
    if not form.is_valid():
        return _board(request, member, {"policy": form}, status=422)
    try:
        start_mining(project=member.project, by=member.person, at=timezone.now(), policy=form.cleaned_data)
    except BadInput as error:
        form.refuse(error)
        return _board(request, member, {"policy": form}, status=422)
    return redirect("rounds:board", member.project.slug)


@require_POST
@member_view("snapshot")
def cut(request: HttpRequest, member: Member) -> HttpResponse:
    start_snapshot(project=member.project, by=member.person, at=timezone.now())
    return redirect("rounds:board", member.project.slug)


@require_POST
@member_view("propose")
def propose(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    dataset, note = dataset_in(project=member.project, number=number), request.POST.get("note", "")
    start_proposal(project=member.project, dataset=dataset, by=member.person, at=timezone.now(), note=note)
    return redirect("rounds:board", member.project.slug)


@require_POST
@member_view("reflect")
def reflect(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    hints = told.hints(
        made=made_in(project=member.project, number=number), past=told.history(project=member.project)
    )
    form, at = ReflectionForm(request.POST, hints=hints), timezone.now()
    if not form.is_valid():
        return _board(request, member, {"reflection": form}, status=422)
    closing = round_in(project=member.project, number=number)
    lesson = Lesson(**form.cleaned_data)
    close_round(round_id=closing.pk, project=member.project, by=member.person, lesson=lesson, at=at)
    return redirect("rounds:board", member.project.slug)


cancel, retry = run_actions(run_of, back="rounds:board")


@require_GET
@member_view("view")
def round_(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    project = member.project
    found, made = round_in(project=project, number=number), made_in(project=project, number=number)
    past = told.history(
        project=project, before=number + 2
    )  # with the next, which may have taken back what it brought
    context = {
        "round": found,
        "made": made,
        "phases": phases_of(made, project=project, reflection=getattr(found, "reflection", None)),
        "one": next(one for one in past if one.number == number),
        "changes": told.changes(past=past, number=number),
        "brought": told.changes(past=past, number=number + 1),
    }
    return page(request, "rounds/round.html", context)
