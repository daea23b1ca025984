"""Training runs followed, candidates decided on, models and benchmarks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.charts import Figure
from apps.core.errors import BadInput
from apps.core.keyset import newest
from apps.core.pages import page
from apps.projects.permissions import Member, member_view
from apps.projects.views import run_actions
from apps.registry.models import ModelVersion
from apps.registry.queries import aliases_of, ledger, models_of, roll_back_target
from apps.training.charts import curves, quality_figures
from apps.training.forms import BenchmarkForm, RecipeForm
from apps.training.lineage import ancestry_of, model_in, prediction_run_of
from apps.training.progress import progress_of
from apps.training.queries import benchmark_results, gate_in, judged_last, measured, run_in, run_of, runs_of
from apps.training.services import gates as deciding
from apps.training.services.runs import add_recipe as save_recipe
from apps.training.verdict import Verdict, accuracy_in_folds, quality_of, verdict_of


def _runs(request: HttpRequest, member: Member, form: RecipeForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "recipe": member.project.recipes.first(),
        "page": newest(runs_of(project=member.project), before=request.GET.get("before", "")),
    }
    return page(request, "training/runs.html", context, status=status)


@require_GET
@member_view("view")
def runs(request: HttpRequest, member: Member) -> HttpResponse:
    return _runs(request, member, RecipeForm())


@require_POST
@member_view("train")
def add_recipe(request: HttpRequest, member: Member) -> HttpResponse:
    form = RecipeForm(request.POST)
    if not form.is_valid():
        return _runs(request, member, form, status=422)
    made = save_recipe(project=member.project, by=member.person, at=timezone.now(), **form.cleaned_data)
    messages.success(request, f"Recipe version {made.version} is used by every run from now on.")
    return redirect("training:runs", member.project.slug)


@require_GET
@member_view("view")
def run(request: HttpRequest, member: Member, run_id: int) -> HttpResponse:
    found = run_in(project=member.project, run_id=run_id)
    progress = progress_of(run=found, at=timezone.now())
    context: dict[str, Any] = {
        "run": found,
        "progress": progress,
        "figures": curves(progress),
        "folds": accuracy_in_folds(found),
    }
    if found.model and not request.htmx:  # type: ignore[attr-defined]
        context["judged"] = _judged(found.model)
    answer = page(request, "training/run.html", context, partial="live")
    if found.is_over:
        answer["HX-Refresh"] = "true"  # the verdict stands beside what was polled
    return answer


def _judged(model: ModelVersion) -> list[tuple[Verdict, list[Figure]]]:
    """The newest judgement: per benchmark the verdict, and pictures of how the model did on it."""
    return [
        (
            verdict_of(gate),
            quality_figures(quality_of(model=model, benchmark=gate.benchmark), of=str(gate.pk)),
        )
        for gate in judged_last(model=model)
    ]


cancel_run, retry_run = run_actions(run_in, back="training:run", keep=("run_id",))


def _to_model(member: Member, gate_id: int) -> HttpResponse:
    """Back to where the gate is read: the run that made its candidate, else the candidate."""
    candidate = gate_in(project=member.project, gate_id=gate_id).candidate
    made_by = run_of(model=candidate)
    if made_by:
        return redirect("training:run", member.project.slug, made_by.pk)
    return redirect("training:model", member.project.slug, candidate.number)


@require_POST
@member_view("promote")
def promote(request: HttpRequest, member: Member, gate_id: int) -> HttpResponse:
    note, at = request.POST.get("note", ""), timezone.now()
    line = deciding.promote(gate_id=gate_id, project=member.project, by=member.person, at=at, note=note)
    messages.success(request, f"Model {line.to_model} is in production. It now predicts what can be mined.")
    return _to_model(member, gate_id)


@require_POST
@member_view("promote")
def reject(request: HttpRequest, member: Member, gate_id: int) -> HttpResponse:
    reason, at = request.POST.get("reason", ""), timezone.now()
    deciding.reject(gate_id=gate_id, project=member.project, by=member.person, reason=reason, at=at)
    return _to_model(member, gate_id)


@require_POST
@member_view("promote")
def ask_override(request: HttpRequest, member: Member, gate_id: int) -> HttpResponse:
    reason, at = request.POST.get("reason", ""), timezone.now()
    deciding.ask_override(gate_id=gate_id, project=member.project, by=member.person, reason=reason, at=at)
    messages.success(request, "Asked for. A second lead has to confirm it.")
    return _to_model(member, gate_id)


@require_GET
@member_view("view")
def models(request: HttpRequest, member: Member) -> HttpResponse:
    rows = models_of(project=member.project)
    found = newest(rows, before=request.GET.get("before", ""), by="number")
    context = {
        "page": found,
        "measured": measured(models=found.rows),
        "aliases": aliases_of(project=member.project),
        "ledger": ledger(project=member.project)[:20],
        "target": roll_back_target(project=member.project),
    }
    return page(request, "training/models.html", context)


@require_GET
@member_view("view")
def model(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    found = model_in(project=member.project, number=number)
    context = {
        "model": found,
        "ancestry": ancestry_of(model=found),
        "prediction_run": prediction_run_of(model=found),
        "names": [alias.name for alias in found.aliases.all()],
        "target": roll_back_target(project=member.project),
    }
    return page(request, "training/model.html", {**context, "judged": _judged(found)})


@require_POST
@member_view("train")
def judge(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    candidate = model_in(project=member.project, number=number)
    at = timezone.now()
    gates = deciding.judge_candidate(candidate=candidate, by=member.person, at=at)
    if gates[0].created_at != at:
        messages.info(request, "Nothing has changed since it was judged last: that verdict stands.")
    return redirect("training:model", member.project.slug, number)


@require_POST
@member_view("promote")
def roll_back(request: HttpRequest, member: Member) -> HttpResponse:
    reason, at = request.POST.get("reason", ""), timezone.now()
    line = deciding.roll_back(project=member.project, by=member.person, reason=reason, at=at)
    messages.success(request, f"Production is model {line.to_model} again, with its curriculum.")
    return redirect("training:models", member.project.slug)


def _benchmarks(request: HttpRequest, member: Member, form: BenchmarkForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "benchmarks": benchmark_results(project=member.project)}
    return page(request, "training/benchmarks.html", context, status=status)


@require_GET
@member_view("view")
def benchmarks(request: HttpRequest, member: Member) -> HttpResponse:
    protected = member.project.limits.get("protected", "")
    return _benchmarks(request, member, BenchmarkForm(initial={"protected": protected}))


@require_POST
@member_view("train")
def freeze(request: HttpRequest, member: Member) -> HttpResponse:
    form, at = BenchmarkForm(request.POST), timezone.now()
    if not form.is_valid():
        return _benchmarks(request, member, form, status=422)
    name, plan = form.cleaned_data["name"], form.plan
    try:
        deciding.freeze_benchmark(project=member.project, name=name, plan=plan, by=member.person, at=at)
    except BadInput as error:
        form.add_error("name", error.message)
        return _benchmarks(request, member, form, status=422)
    return redirect("training:benchmarks", member.project.slug)
