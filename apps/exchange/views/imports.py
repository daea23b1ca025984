"""Imports: followed, stopped, tried again; their problems read and downloaded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.core.keyset import newest
from apps.core.pages import page
from apps.exchange.domain.causes import WORDS
from apps.exchange.forms import UploadForm
from apps.exchange.queries.imports import causes, import_of, imports_of, problem_lines, problems_page, rate_of
from apps.exchange.queries.uploads import upload_behind
from apps.projects.permissions import Member, member_view
from apps.projects.views import run_actions


def imports_page(
    request: HttpRequest, member: Member, form: UploadForm, *, partial: str = "imports", status: int = 200
) -> HttpResponse:
    shown = newest(imports_of(project=member.project), before=request.GET.get("before", ""))
    context = {"form": form, "page": shown, "busy": any(not run.is_over for run in shown.rows)}
    return page(request, "exchange/imports.html", context, partial=partial, status=status)


@require_GET
@member_view("import")
def imports(request: HttpRequest, member: Member) -> HttpResponse:
    return imports_page(request, member, UploadForm())


@require_GET
@member_view("import")
def run(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    found = import_of(project=member.project, run_id=run_id)
    problems = problems_page(run=found, after=request.GET.get("after", ""))
    context = {
        "run": found,
        "upload": upload_behind(run=found),
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
