"""Imports: uploaded, followed, stopped, tried again; their problems read and downloaded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.keyset import newest
from apps.core.pages import page
from apps.exchange.forms import UploadForm
from apps.exchange.queries import causes, import_of, imports_of, problem_lines, problems_page, rate_of
from apps.exchange.services import start_import
from apps.projects.permissions import Member, member_view
from apps.projects.runs import cancel as cancel_run
from apps.projects.runs import retry as retry_run


def _imports(request: HttpRequest, member: Member, form: UploadForm, status: int = 200) -> HttpResponse:
    shown = newest(imports_of(project=member.project), before=request.GET.get("before", ""))
    context = {"form": form, "page": shown, "busy": any(not run.is_over for run in shown.rows)}
    return page(request, "exchange/imports.html", context, partial="imports", status=status)


@require_GET
@member_view("import")
def imports(request: HttpRequest, member: Member) -> HttpResponse:
    return _imports(request, member, UploadForm())


@require_POST
@member_view("import")
def upload(request: HttpRequest, member: Member) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _imports(request, member, form, status=422)
    file, how = form.cleaned_data["file"], {n: form.cleaned_data[n] for n in ("format", "on_conflict")}
    at, chunks = timezone.now(), file.chunks()
    run = start_import(project=member.project, by=member.person, at=at, chunks=chunks, name=file.name, **how)
    return redirect("exchange:import", member.project.slug, run.pk)


@require_GET
@member_view("import")
def import_(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    run = import_of(project=member.project, run_id=run_id)
    problems = problems_page(run=run, after=request.GET.get("after", ""))
    context = {
        "run": run,
        "causes": causes(run=run),
        "kept": run.problems.count(),
        "problems": problems,
        "progress_note": f"{run.rows_read:,} rows read",
        "rate": rate_of(run, timezone.now()),
    }
    return page(request, "exchange/import.html", context, partial="import")


@require_GET
@member_view("import")
def problems(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    run = import_of(project=member.project, run_id=run_id)
    answer = HttpResponse(problem_lines(run=run), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{run.pk}-problems.csv"'
    return answer


@require_POST
@member_view("import")
def cancel(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    run = import_of(project=member.project, run_id=run_id)
    cancel_run(run=run, by=member.person, at=timezone.now())
    return redirect("exchange:import", member.project.slug, run.pk)


@require_POST
@member_view("import")
def retry(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    run = import_of(project=member.project, run_id=run_id)
    retry_run(run=run, by=member.person, at=timezone.now())
    return redirect("exchange:import", member.project.slug, run.pk)
