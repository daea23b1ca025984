"""Pages of mining."""

from __future__ import annotations

from django.urls import path

from apps.mining.views import queues, runs

app_name = "mining"

urlpatterns = [
    path("p/<slug:slug>/mining/", runs.runs, name="runs"),
    path("p/<slug:slug>/mining/start/", runs.start, name="start"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/", queues.queue, name="queue"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/reserve/", queues.reserve, name="reserve"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/prioritise/", queues.prioritise, name="prioritise"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/pause/", queues.pause_queue, name="pause_queue"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/resume/", queues.resume_queue, name="resume_queue"),
    path(
        "p/<slug:slug>/mining/queues/<int:queue_id>/withdraw/", queues.withdraw_queue, name="withdraw_queue"
    ),
    path("p/<slug:slug>/mining/<int:run_id>/", runs.run, name="run"),
    path("p/<slug:slug>/mining/<int:run_id>/cancel/", runs.cancel_run, name="cancel_run"),
    path("p/<slug:slug>/mining/<int:run_id>/retry/", runs.retry_run, name="retry_run"),
]
