"""The REST API, version 1: every address in one list. What each takes and gives: `schema/`, `docs/`, docs/api.md."""

from __future__ import annotations

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView

from apps.accounts import api as accounts
from apps.annotation import api as annotation
from apps.annotation import api_batches as batches
from apps.calibration import api as calibration
from apps.comments import api as comments
from apps.config.api_docs import ApiDocs
from apps.curricula import api as curricula
from apps.datasets import api as datasets
from apps.exchange.api import exports, imports, webhooks
from apps.explore import api as explore
from apps.mining import api as mining
from apps.projects import api as projects
from apps.projects.api import RowView
from apps.registry import api as registry
from apps.rounds import api as rounds
from apps.training import api as training
from apps.training import api_outside as outside

PROJECT = "projects/<slug:slug>/"


def _run(noun: str, views: tuple[type[RowView], ...]) -> list[URLPattern]:
    detail, cancel, retry = views
    return [
        path(f"{noun}/<int:id>/", detail.as_view()),
        path(f"{noun}/<int:id>/cancel/", cancel.as_view()),
        path(f"{noun}/<int:id>/retry/", retry.as_view()),
    ]


urlpatterns: list[URLPattern] = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", ApiDocs.as_view(url_name="api-schema"), name="api-docs"),
    # the caller's own: what they are told, their keys
    path("notifications/", accounts.Notifications.as_view()),
    path("notifications/<int:id>/read/", accounts.ReadNotification.as_view()),
    path("notifications/read-all/", accounts.ReadAllNotifications.as_view()),
    path("notifications/settings/", accounts.NotificationChoices.as_view()),
    path("keys/", accounts.Keys.as_view()),
    # projects, people, protocols
    path("projects/", projects.Projects.as_view()),
    path(f"{PROJECT}", projects.ProjectDetail.as_view()),
    path(f"{PROJECT}members/", projects.Members.as_view()),
    path(f"{PROJECT}members/<str:username>/", projects.MemberDetail.as_view()),
    path(f"{PROJECT}groups/", projects.Groups.as_view()),
    path("groups/<int:id>/", projects.GroupDetail.as_view()),
    path(f"{PROJECT}protocols/", projects.Protocols.as_view()),
    # imports
    path(f"{PROJECT}imports/", imports.Imports.as_view()),
    *_run("imports", (imports.ImportDetail, imports.ImportCancel, imports.ImportRetry)),
    path("imports/<int:id>/errors/", imports.ImportErrors.as_view()),
    # exports
    path(f"{PROJECT}exports/", exports.Exports.as_view()),
    *_run("exports", (exports.ExportDetail, exports.ExportCancel, exports.ExportRetry)),
    path("exports/<int:id>/file/", exports.ExportFile.as_view(), name="api-export-file"),
    # gold and calibration
    path(f"{PROJECT}gold/", calibration.GoldList.as_view()),
    path("gold/<int:id>/retire/", calibration.RetireGold.as_view()),
    path(f"{PROJECT}calibration/", calibration.Calibration.as_view()),
    # mining
    path(f"{PROJECT}prediction-runs/", registry.PredictionRuns.as_view()),
    *_run(
        "prediction-runs",
        (registry.PredictionRunDetail, registry.PredictionRunCancel, registry.PredictionRunRetry),
    ),
    path(f"{PROJECT}mining-runs/", mining.MiningRuns.as_view()),
    *_run("mining-runs", (mining.MiningRunDetail, mining.MiningRunCancel, mining.MiningRunRetry)),
    # the desk and adjudication
    path(f"{PROJECT}assignments/next/", annotation.NextAssignment.as_view()),
    path(f"{PROJECT}assignments/batch/", batches.Batch.as_view()),
    path(f"{PROJECT}annotations/batch/", batches.BatchOfAnnotations.as_view()),
    path("assignments/<int:id>/", annotation.AssignmentDetail.as_view()),
    path("assignments/<int:id>/annotations/", annotation.Annotations.as_view()),
    path("assignments/<int:id>/draft/", annotation.Draft.as_view()),
    path("assignments/<int:id>/reveal/", annotation.RevealSuggestion.as_view()),
    path("assignments/<int:id>/skip/", annotation.SkipAssignment.as_view()),
    path("assignments/<int:id>/escalate/", annotation.EscalateAssignment.as_view()),
    path("assignments/<int:id>/exclude/", annotation.ExcludeAssignment.as_view()),
    path("assignments/<int:id>/release/", annotation.ReleaseAssignment.as_view()),
    path("assignments/<int:id>/reopen/", annotation.ReopenAssignment.as_view()),
    path("assignments/<int:id>/comments/", comments.AssignmentComments.as_view()),
    path(f"{PROJECT}tasks/", annotation.Tasks.as_view()),
    path("tasks/<int:id>/adjudicate/", annotation.AdjudicateTask.as_view()),
    path("tasks/<int:id>/take/", annotation.TakeTask.as_view()),
    path("tasks/<int:id>/leave/", annotation.LeaveTask.as_view()),
    path("tasks/<int:id>/comments/", comments.TaskComments.as_view()),
    path("comments/<int:id>/withdraw/", comments.WithdrawComment.as_view()),
    path("tasks/<int:id>/put-back/", annotation.PutTaskBack.as_view()),
    path("tasks/<int:id>/reopen/", annotation.ReopenTask.as_view()),
    path(f"{PROJECT}queues/", annotation.Queues.as_view()),
    path("queues/<int:id>/pause/", annotation.PauseQueue.as_view()),
    path("queues/<int:id>/resume/", annotation.ResumeQueue.as_view()),
    path("queues/<int:id>/withdraw/", annotation.WithdrawQueue.as_view()),
    path("queues/<int:id>/reservations/", annotation.QueueReservations.as_view()),
    path("queues/<int:id>/reserve/", annotation.ReserveTasks.as_view()),
    path("queues/<int:id>/prioritise/", annotation.PrioritiseTasks.as_view()),
    # datasets and curricula
    path(f"{PROJECT}dataset-versions/", datasets.DatasetVersions.as_view()),
    path(f"{PROJECT}dataset-versions/<str:digest>/", datasets.DatasetDetail.as_view()),
    path(
        f"{PROJECT}dataset-versions/<str:digest>/rows/",
        datasets.DatasetRows.as_view(),
        name="api-dataset-rows",
    ),
    *_run(
        "snapshot-runs", (datasets.SnapshotRunDetail, datasets.SnapshotRunCancel, datasets.SnapshotRunRetry)
    ),
    path(f"{PROJECT}curricula/", curricula.Curricula.as_view()),
    path(f"{PROJECT}curricula/<str:digest>/", curricula.CurriculumDetail.as_view()),
    path(f"{PROJECT}curricula/<str:digest>/rows/", curricula.CurriculumRows.as_view()),
    path(f"{PROJECT}proposals/", curricula.Proposals.as_view()),
    path("proposals/<int:id>/", curricula.ProposalDetail.as_view()),
    path("proposals/<int:id>/approve/", curricula.ApproveProposal.as_view()),
    path("proposals/<int:id>/send-back/", curricula.SendBackProposal.as_view()),
    *_run(
        "curriculum-runs",
        (curricula.CurriculumRunDetail, curricula.CurriculumRunCancel, curricula.CurriculumRunRetry),
    ),
    # training, models, gates
    path(f"{PROJECT}recipes/", training.Recipes.as_view()),
    path(f"{PROJECT}benchmarks/", training.Benchmarks.as_view()),
    path(f"{PROJECT}benchmarks/<str:digest>/inputs/", outside.BenchmarkInputs.as_view()),
    path(f"{PROJECT}minable/", outside.MinableInputs.as_view()),
    path(f"{PROJECT}training-runs/", training.TrainingRuns.as_view()),
    *_run(
        "training-runs", (training.TrainingRunDetail, training.TrainingRunCancel, training.TrainingRunRetry)
    ),
    path(f"{PROJECT}models/", outside.Models.as_view()),
    path("models/<int:id>/", registry.ModelDetail.as_view()),
    path("models/<int:id>/gate/", training.JudgeModel.as_view()),
    path("models/<int:id>/predictions/", outside.ReportPredictions.as_view()),
    path(f"{PROJECT}gates/", training.Gates.as_view()),
    path("gates/<int:id>/", training.GateDetail.as_view()),
    path("gates/<int:id>/promote/", training.PromoteGate.as_view()),
    path("gates/<int:id>/reject/", training.RejectGate.as_view()),
    path("gates/<int:id>/override/", training.OverrideGate.as_view()),
    path(f"{PROJECT}aliases/", registry.Aliases.as_view()),
    path(f"{PROJECT}aliases/<slug:name>/", training.AliasDetail.as_view()),
    path(f"{PROJECT}aliases/<slug:name>/ledger/", registry.Ledger.as_view()),
    # webhooks
    path(f"{PROJECT}webhooks/", webhooks.Webhooks.as_view()),
    path("webhooks/<int:id>/", webhooks.WebhookDetail.as_view()),
    path("webhooks/<int:id>/rotate/", webhooks.RotateSecret.as_view()),
    path("webhooks/<int:id>/switch-off/", webhooks.SwitchOff.as_view()),
    path("webhooks/<int:id>/switch-on/", webhooks.SwitchOn.as_view()),
    path("webhooks/<int:id>/test/", webhooks.SendTest.as_view()),
    path("webhooks/<int:id>/deliveries/", webhooks.Deliveries.as_view()),
    path("webhooks/<int:id>/replay/", webhooks.ReplayAll.as_view()),
    path("webhook-deliveries/<int:id>/replay/", webhooks.ReplayOne.as_view()),
    # the loop, and its audit
    path(f"{PROJECT}rounds/", rounds.Rounds.as_view()),
    path("rounds/<int:id>/reflection/", rounds.Reflect.as_view()),
    path(f"{PROJECT}events/", explore.Events.as_view()),
    path(f"{PROJECT}events/verification/", explore.Verification.as_view()),
]
