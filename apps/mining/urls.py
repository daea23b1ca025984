"""Pages of mining."""

from __future__ import annotations

from django.urls import path

from apps.mining import views

app_name = "mining"

urlpatterns = [
    path("p/<slug:slug>/mining/", views.runs, name="runs"),
    path("p/<slug:slug>/mining/start/", views.start, name="start"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/pause/", views.pause_queue, name="pause_queue"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/resume/", views.resume_queue, name="resume_queue"),
    path("p/<slug:slug>/mining/queues/<int:queue_id>/withdraw/", views.withdraw_queue, name="withdraw_queue"),
    path("p/<slug:slug>/mining/<int:run_id>/", views.run, name="run"),
    path("p/<slug:slug>/mining/<int:run_id>/cancel/", views.cancel_run, name="cancel_run"),
    path("p/<slug:slug>/mining/<int:run_id>/retry/", views.retry_run, name="retry_run"),
]
