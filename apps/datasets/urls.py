"""Pages of datasets."""

from __future__ import annotations

from django.urls import path

from apps.datasets import views

app_name = "datasets"

urlpatterns = [
    path("p/<slug:slug>/datasets/", views.datasets, name="datasets"),
    path("p/<slug:slug>/datasets/cut/", views.cut, name="cut"),
    path("p/<slug:slug>/datasets/cutting/<int:run_id>/cancel/", views.cancel_run, name="cancel_run"),
    path("p/<slug:slug>/datasets/cutting/<int:run_id>/retry/", views.retry_run, name="retry_run"),
    path("p/<slug:slug>/datasets/<int:number>/", views.dataset, name="dataset"),
]
