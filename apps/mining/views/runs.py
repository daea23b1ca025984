"""Mining: runs started, followed, stopped and tried again; what each has brought."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.annotation.queues import queue_states
from apps.core.errors import BadInput
from apps.core.keyset import newest
from apps.core.pages import page
from apps.mining.charts import figures_of
from apps.mining.forms import PolicyForm
from apps.mining.queries import findings, run_in, runs_of, seconds_per_answer
from apps.mining.services import start_mining
from apps.projects.permissions import Member, member_view
from apps.projects.views import run_actions


def _runs(request: HttpRequest, member: Member, form: PolicyForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "page": newest(runs_of(project=member.project), before=request.GET.get("before", "")),
        "seconds_per_answer": seconds_per_answer(project=member.project),
        "queues": queue_states(project=member.project) if member.may("run_queue") else [],
    }
    return page(request, "mining/runs.html", context, status=status, partial="runs")


@require_GET
@member_view("view")
def runs(request: HttpRequest, member: Member) -> HttpResponse:
    return _runs(request, member, PolicyForm(project=member.project))


@require_POST
@member_view("mine")
def start(request: HttpRequest, member: Member) -> HttpResponse:
    form = PolicyForm(request.POST, project=member.project)
    if not form.is_valid():
        return _runs(request, member, form, status=422)
    try:
        made = start_mining(
            project=member.project, by=member.person, at=timezone.now(), policy=form.cleaned_data
        )
    except BadInput as error:
        form.refuse(error)
        return _runs(request, member, form, status=422)
    return redirect("mining:run", member.project.slug, made.pk)


@require_GET
@member_view("view")
def run(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    found = run_in(project=member.project, run_id=run_id)
    context = {"run": found, "findings": findings(run=found), "figures": figures_of(found)}
    return page(request, "mining/run.html", context, partial="run")


cancel_run, retry_run = run_actions(run_in, back="mining:run", keep=("run_id",))
