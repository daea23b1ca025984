"""Pages of exchange."""

from __future__ import annotations

from django.urls import path

from apps.exchange import views

app_name = "exchange"

urlpatterns = [
    path("p/<slug:slug>/imports/", views.imports, name="imports"),
    path("p/<slug:slug>/imports/upload/", views.upload, name="upload"),
    path("p/<slug:slug>/imports/<int:run_id>/", views.run, name="run"),
    path("p/<slug:slug>/imports/<int:run_id>/problems.csv", views.problems, name="problems"),
    path("p/<slug:slug>/imports/<int:run_id>/cancel/", views.cancel, name="cancel"),
    path("p/<slug:slug>/imports/<int:run_id>/retry/", views.retry, name="retry"),
]
