"""Pages of explore."""

from __future__ import annotations

from django.urls import path

from apps.examples import paths  # noqa: F401  # the converter of keys
from apps.explore import views

app_name = "explore"

urlpatterns = [
    path("p/<slug:slug>/data/", views.data, name="data"),
    path("p/<slug:slug>/data/<key:key>/", views.example, name="example"),
    path("p/<slug:slug>/data/<key:key>/lineage/", views.lineage, name="lineage"),
    path("p/<slug:slug>/jobs/", views.jobs, name="jobs"),
    path("p/<slug:slug>/jobs/health/", views.health, name="health"),
    path("p/<slug:slug>/jobs/<slug:kind>/<int:run_id>/cancel/", views.cancel_job, name="cancel_job"),
    path("p/<slug:slug>/jobs/<slug:kind>/<int:run_id>/retry/", views.retry_job, name="retry_job"),
    path("p/<slug:slug>/audit/", views.audit, name="audit"),
    path("p/<slug:slug>/audit/verify/", views.verify_chain, name="verify_chain"),
]
