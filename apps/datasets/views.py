"""Dataset versions: cut, read, downloaded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.keyset import newest
from apps.core.pages import page
from apps.datasets.queries import dataset_in, datasets_of, rows_page, snapshot_run_in, snapshot_runs_of
from apps.datasets.services import start_snapshot
from apps.projects.permissions import Member, member_view
from apps.projects.views import run_actions

FORMATS = ("jsonl", "csv", "parquet")


@require_GET
@member_view("view")
def datasets(request: HttpRequest, member: Member) -> HttpResponse:
    rows = datasets_of(project=member.project)
    context = {
        "page": newest(rows, before=request.GET.get("before", ""), by="number"),
        "run": snapshot_runs_of(project=member.project).first(),
    }
    return page(request, "datasets/datasets.html", context, partial="datasets")


@require_POST
@member_view("snapshot")
def cut(request: HttpRequest, member: Member) -> HttpResponse:
    start_snapshot(project=member.project, by=member.person, at=timezone.now())
    return redirect("datasets:datasets", member.project.slug)


cancel_run, retry_run = run_actions(snapshot_run_in, back="datasets:datasets")


@require_GET
@member_view("view")
def dataset(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    found = dataset_in(project=member.project, number=number)
    # rows are for leads: what is left out of them would give gold away
    rows = rows_page(dataset=found, start=request.GET.get("start", "")) if member.may("read_rows") else None
    place = reverse("api-dataset-rows", args=[member.project.slug, found.digest])
    downloads = [(format, f"{place}?format={format}") for format in FORMATS]
    summary = found.summary if member.may("manage_gold") else found.summary_without_gold
    context = {"dataset": found, "rows": rows, "downloads": downloads, "left_out": summary.get("left_out")}
    return page(request, "datasets/dataset.html", context, partial="rows")
