"""Pages of annotation: the desk and its verbs, adjudication, my work."""

from __future__ import annotations

from django.urls import path

from apps.annotation import views

app_name = "annotation"

DESK = "p/<slug:slug>/desk/"
CLAIM = f"{DESK}<int:assignment_id>/"

urlpatterns = [
    path(DESK, views.desk, name="desk"),
    path(f"{DESK}lease/", views.lease, name="lease"),
    path(f"{DESK}ahead/", views.ahead, name="ahead"),
    path(CLAIM, views.stand, name="stand"),
    path(f"{CLAIM}submit/", views.submit, name="submit"),
    path(f"{CLAIM}answer/", views.answer, name="answer"),
    path(f"{CLAIM}draft/", views.draft, name="draft"),
    path(f"{CLAIM}keep/", views.keep, name="keep"),
    path(f"{CLAIM}skip/", views.skip, name="skip"),
    path(f"{CLAIM}escalate/", views.escalate, name="escalate"),
    path(f"{CLAIM}release/", views.release, name="release"),
    path(f"{CLAIM}reopen/", views.reopen, name="reopen"),
    path("p/<slug:slug>/adjudication/", views.adjudication, name="adjudication"),
    path("p/<slug:slug>/adjudication/<int:task_id>/", views.settle, name="settle"),
    path("p/<slug:slug>/adjudication/<int:task_id>/reopen/", views.reopen_task, name="reopen_task"),
    path("p/<slug:slug>/protocol/preview/", views.preview, name="preview"),
    path("p/<slug:slug>/my-work/", views.my_work, name="my_work"),
]
