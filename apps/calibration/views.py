"""How true each expert is, one's own record, and gold."""

from __future__ import annotations

import numpy as np
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.calibration import queries
from apps.calibration import services as calibrating
from apps.calibration.charts import confidence_chart, finding
from apps.calibration.forms import GoldForm
from apps.calibration.reliance import leaning_of, leanings
from apps.core.errors import BadInput
from apps.core.keyset import newest
from apps.core.pages import page
from apps.projects.permissions import Member, member_view


@require_GET
@member_view("calibrate")
def calibration(request: HttpRequest, member: Member) -> HttpResponse:
    project, rng = member.project, np.random.default_rng(member.project.pk)
    confusions, stated = queries.confusions(project=project), queries.stated_confidence(project=project)
    context = {
        "people": [(s, confusions.get(s.person.pk)) for s in queries.standings(project=project)],
        "agreement": queries.agreement(project=project, rng=rng),
        "stated": stated,
        "chart": {"spec": confidence_chart(stated), "title": finding(stated)} if stated else None,
        "wanted": queries.WANTED,
        "leanings": leanings(project=project),
    }
    return page(request, "calibration/calibration.html", context)


@require_GET
@member_view("annotate")
def mine(request: HttpRequest, member: Member) -> HttpResponse:
    standing = queries.standing_of(project=member.project, person=member.person)
    leaning = leaning_of(project=member.project, person=member.person)
    context = {"standing": standing, "wanted": queries.WANTED, "leaning": leaning}
    return page(request, "calibration/mine.html", context, partial="gold-score")


def _gold(request: HttpRequest, member: Member, form: GoldForm, status: int = 200) -> HttpResponse:
    shown = newest(queries.gold(project=member.project), before=request.GET.get("before", ""))
    records = queries.gold_records(project=member.project, shown=shown.rows)
    context = {"form": form, "records": records, "next": shown.next}
    return page(request, "calibration/gold.html", context, status=status)


@require_GET
@member_view("manage_gold")
def gold(request: HttpRequest, member: Member) -> HttpResponse:
    return _gold(request, member, GoldForm())


@require_POST
@member_view("manage_gold")
def add_gold(request: HttpRequest, member: Member) -> HttpResponse:
    form, at = GoldForm(request.POST), timezone.now()
    if not form.is_valid():
        return _gold(request, member, form, status=422)
    try:
        labels = form.cleaned_data["lines"]
        made = calibrating.add_gold(project=member.project, labels=labels, by=member.person, at=at)
    except BadInput as error:
        form.add_error("lines", error.message)
        return _gold(request, member, form, status=422)
    messages.success(request, f"{len(made)} gold added. They are served with the next mining run.")
    return redirect("calibration:gold", member.project.slug)


@require_POST
@member_view("manage_gold")
def retire_gold(request: HttpRequest, member: Member, gold_id: int) -> HttpResponse:
    project, by = member.project, member.person
    retired = calibrating.retire_gold(project=project, gold_id=gold_id, by=by, at=timezone.now())
    messages.success(
        request, f"{retired.example.key} is served no more. The answers it collected still count."
    )
    return redirect("calibration:gold", member.project.slug)
