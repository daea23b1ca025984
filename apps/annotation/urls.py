"""Pages of annotation: the desk and its verbs, adjudication, my work."""

from __future__ import annotations

from django.urls import path

from apps.annotation.domain import VERBS
from apps.annotation.views import adjudication, bulk, desk, protocol, work

app_name = "annotation"

DESK = "p/<slug:slug>/desk/"
BULK = f"{DESK}bulk/"
CLAIM = f"{DESK}<int:assignment_id>/"

urlpatterns = [
    path(DESK, desk.desk, name="desk"),
    path(f"{DESK}lease/", desk.lease, name="lease"),
    path(f"{DESK}ahead/", desk.ahead, name="ahead"),
    path(BULK, bulk.bulk, name="bulk"),
    path(f"{BULK}take/", bulk.take_all, name="take_all"),
    path(f"{BULK}submit/", bulk.submit_all, name="submit_all"),
    path(f"{BULK}keep/", bulk.keep_all, name="keep_all"),
    path(f"{BULK}release/", bulk.release_all, name="release_all"),
    path(f"{BULK}skip/", bulk.skip_all, name="skip_all"),
    path(CLAIM, desk.stand, name="stand"),
    path(f"{CLAIM}submit/", desk.submit, name="submit"),
    path(f"{CLAIM}answer/", desk.answer, name="answer"),
    path(f"{CLAIM}draft/", desk.draft, name="draft"),
    path(f"{CLAIM}reveal/", desk.reveal, name="reveal"),
    path(f"{CLAIM}keep/", desk.keep, name="keep"),
    *[path(f"{CLAIM}{verb}/", desk.decline, {"verb": verb}, name=verb) for verb in VERBS],
    path(f"{CLAIM}release/", desk.release, name="release"),
    path(f"{CLAIM}reopen/", desk.reopen, name="reopen"),
    path("p/<slug:slug>/adjudication/", adjudication.adjudication, name="adjudication"),
    path("p/<slug:slug>/adjudication/<int:task_id>/", adjudication.settle, name="settle"),
    path("p/<slug:slug>/adjudication/<int:task_id>/take/", adjudication.take, name="take"),
    path("p/<slug:slug>/adjudication/<int:task_id>/leave/", adjudication.leave, name="leave"),
    path("p/<slug:slug>/adjudication/<int:task_id>/put-back/", adjudication.put_back, name="put_back"),
    path("p/<slug:slug>/adjudication/<int:task_id>/reopen/", adjudication.reopen_task, name="reopen_task"),
    path("p/<slug:slug>/protocol/preview/", protocol.preview, name="preview"),
    path("p/<slug:slug>/protocol/save/", protocol.save_protocol, name="save_protocol"),
    path("p/<slug:slug>/my-work/", work.my_work, name="my_work"),
]
