"""Uploads: sent, looked at with a mapping, and imported, in earnest or dry."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.pages import go_to, page
from apps.exchange.forms import UploadForm
from apps.exchange.plans import plan_of
from apps.exchange.queries.imports import import_of
from apps.exchange.queries.uploads import upload_of
from apps.exchange.services.uploads import import_after, import_upload, keep_upload
from apps.exchange.views.imports import imports_page
from apps.projects.permissions import Member, member_view


@require_POST
@member_view("import")
def upload(request: HttpRequest, member: Member) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return imports_page(request, member, form, partial="sending", status=422)
    file, at = form.cleaned_data["file"], timezone.now()
    sent = {"chunks": file.chunks(), "name": file.name, "format": form.cleaned_data["format"]}
    kept = keep_upload(project=member.project, by=member.person, at=at, **sent)
    return go_to(request, reverse("exchange:preview", args=[member.project.slug, kept.pk]))


@require_http_methods(["GET", "POST"])
@member_view("import")
def preview(request: HttpRequest, member: Member, upload_id: int) -> HttpResponse:
    """A POST only draws it anew: what is told of many columns is too long for an address."""
    found = upload_of(project=member.project, upload_id=upload_id)
    plan = plan_of(found, request.POST, again="again" in request.GET)
    return page(request, "exchange/preview.html", {"plan": plan}, partial="preview")


@require_POST
@member_view("import")
def start(request: HttpRequest, member: Member, upload_id: int) -> HttpResponse:
    plan = plan_of(upload_of(project=member.project, upload_id=upload_id), request.POST)
    if plan.problem or not plan.form.is_valid():
        return page(request, "exchange/preview.html", {"plan": plan}, status=422)
    how = {**plan.how, "dry_run": "dry_run" in request.POST}
    run = import_upload(upload=plan.upload, by=member.person, at=timezone.now(), **how)
    return redirect("exchange:run", member.project.slug, run.pk)


@require_POST
@member_view("import")
def import_now(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    """In earnest what a dry run told of."""
    dry = import_of(project=member.project, run_id=run_id)
    run = import_after(dry=dry, by=member.person, at=timezone.now())
    return redirect("exchange:run", member.project.slug, run.pk)
