"""Exports: started with what fits, followed, downloaded, removed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.keyset import newest
from apps.core.pages import page
from apps.core.runs import time_left
from apps.exchange.forms import ExportForm
from apps.exchange.queries.exports import export_of, exports_of, kept_until
from apps.exchange.services.exports import remove_export, start_export
from apps.projects.permissions import Member, member_view
from apps.projects.views import run_actions


def _exports(request: HttpRequest, member: Member, form: ExportForm, status: int = 200) -> HttpResponse:
    shown = newest(exports_of(project=member.project), before=request.GET.get("before", ""))
    context = {"form": form, "page": shown, "busy": any(not run.is_over for run in shown.rows)}
    return page(request, "exchange/exports.html", context, partial="exports", status=status)


@require_GET
@member_view("export")
def exports(request: HttpRequest, member: Member) -> HttpResponse:
    what, version = (request.GET.get(name, "") for name in ("what", "version"))
    return _exports(request, member, ExportForm(project=member.project, what=what, version=version))


@require_POST
@member_view("export")
def start(request: HttpRequest, member: Member) -> HttpResponse:
    form = ExportForm(request.POST, project=member.project, what=request.POST.get("what", ""))
    if not form.is_valid():
        return _exports(request, member, form, status=422)
    run = start_export(project=member.project, by=member.person, at=timezone.now(), **form.cleaned_data)
    return redirect("exchange:export", member.project.slug, run.pk)


@require_GET
@member_view("export")
def export(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    found = export_of(project=member.project, run_id=run_id)
    context = {"run": found, "kept_until": kept_until(found), **_pace(found)}
    return page(request, "exchange/export.html", context, partial="export")


def _pace(run: Any) -> dict[str, str]:
    """How fast it goes and how long it will take, in words; empty before that can be told."""
    seconds, done, total = (run.seconds(timezone.now()), *(run.progress.get(n) for n in ("done", "total")))
    if not seconds or not done or not total:
        return {}
    return {"rate": f"{done / seconds:,.0f} rows/s", "left": time_left((total - done) * seconds / done)}


cancel, retry = run_actions(export_of, back="exchange:export", keep=("run_id",))


@require_POST
@member_view("export")
def remove(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    run = export_of(project=member.project, run_id=run_id)
    remove_export(run=run, by=member.person, at=timezone.now())
    messages.success(request, f"The file of export {run.pk} is removed.")
    return redirect("exchange:exports", member.project.slug)
