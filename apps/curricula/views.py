"""Proposals: put forward, read, approved, sent back."""

from __future__ import annotations

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.keyset import newest, number_in
from apps.core.pages import page
from apps.curricula.charts import labels_figure, stages_figure
from apps.curricula.forms import ProposeForm
from apps.curricula.queries import curriculum_run_in, curriculum_runs_of, in_force, proposal_in, proposals_of
from apps.curricula.review import review_of
from apps.curricula.services import approve_proposal, send_back_proposal, start_proposal
from apps.projects.permissions import Member, member_view
from apps.projects.views import run_actions


def _proposals(request: HttpRequest, member: Member, form: ProposeForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "page": newest(proposals_of(project=member.project), before=request.GET.get("before", "")),
        "run": curriculum_runs_of(project=member.project).first(),
        "in_force": in_force(project=member.project),
    }
    return page(request, "curricula/proposals.html", context, partial="proposals", status=status)


@require_GET
@member_view("view")
def proposals(request: HttpRequest, member: Member) -> HttpResponse:
    number = number_in(request.GET.get("dataset", ""), name="dataset")
    versions = member.project.dataset_versions
    chosen = None if number is None else versions.filter(number=number).first()
    form = ProposeForm(project=member.project, initial={"dataset": chosen})
    return _proposals(request, member, form)


@require_POST
@member_view("propose")
def propose(request: HttpRequest, member: Member) -> HttpResponse:
    form = ProposeForm(request.POST, project=member.project)
    if not form.is_valid():
        return _proposals(request, member, form, status=422)
    start_proposal(project=member.project, by=member.person, at=timezone.now(), **form.cleaned_data)
    return redirect("curricula:proposals", member.project.slug)


cancel_run, retry_run = run_actions(curriculum_run_in, back="curricula:proposals")


@require_GET
@member_view("view")
def proposal(request: HttpRequest, member: Member, proposal_id: int) -> HttpResponse:
    found = proposal_in(project=member.project, proposal_id=proposal_id)
    # every reader gets the same samples: they are drawn by the content they stand for
    rng = np.random.default_rng(int(found.curriculum.digest[:12], 16))
    review = review_of(proposal=found, reader=member.person, rng=rng)
    context = {"proposal": found, "review": review, "figures": [stages_figure(review), labels_figure(review)]}
    return page(request, "curricula/proposal.html", context)


@require_POST
@member_view("approve")
def approve(request: HttpRequest, member: Member, proposal_id: int) -> HttpResponse:
    approve_proposal(
        proposal_id=proposal_id,
        project=member.project,
        by=member.person,
        digest=request.POST.get("digest", ""),
        note=request.POST.get("note", ""),
        at=timezone.now(),
    )
    return redirect("rounds:board", member.project.slug)


@require_POST
@member_view("approve")
def send_back(request: HttpRequest, member: Member, proposal_id: int) -> HttpResponse:
    reason, at = request.POST.get("reason", ""), timezone.now()
    send_back_proposal(
        proposal_id=proposal_id, project=member.project, by=member.person, reason=reason, at=at
    )
    return redirect("curricula:proposal", member.project.slug, proposal_id)
