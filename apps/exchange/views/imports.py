"""Imports: uploaded, followed, stopped, tried again; their problems read and downloaded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.keyset import newest
from apps.core.pages import page
from apps.exchange.domain.causes import WORDS
from apps.exchange.forms import UploadForm
from apps.exchange.queries.imports import causes, import_of, imports_of, problem_lines, problems_page, rate_of
from apps.exchange.services.imports import start_import
from apps.projects.permissions import Member, member_view
from apps.projects.views import run_actions


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
    made = start_import(project=member.project, by=member.person, at=at, chunks=chunks, name=file.name, **how)
    return redirect("exchange:run", member.project.slug, made.pk)


@require_GET
@member_view("import")
def run(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    found = import_of(project=member.project, run_id=run_id)
    problems = problems_page(run=found, after=request.GET.get("after", ""))
    context = {
        "run": found,
        "causes": [(WORDS.get(code, code), n) for code, n in causes(run=found).items()],
        "kept": found.problems.count(),
        "problems": problems,
        "progress_note": f"{found.rows_read:,} rows read",
        "rate": rate_of(found, timezone.now()),
    }
    return page(request, "exchange/run.html", context, partial="run")


@require_GET
@member_view("import")
def problems(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    found = import_of(project=member.project, run_id=run_id)
    answer = HttpResponse(problem_lines(run=found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{found.pk}-problems.csv"'
    return answer


cancel, retry = run_actions(import_of, back="exchange:run", keep=("run_id",))
