"""Pages of exchange."""

from __future__ import annotations

from django.urls import path

from apps.exchange.views import imports

app_name = "exchange"

urlpatterns = [
    path("p/<slug:slug>/imports/", imports.imports, name="imports"),
    path("p/<slug:slug>/imports/upload/", imports.upload, name="upload"),
    path("p/<slug:slug>/imports/<int:run_id>/", imports.run, name="run"),
    path("p/<slug:slug>/imports/<int:run_id>/problems.csv", imports.problems, name="problems"),
    path("p/<slug:slug>/imports/<int:run_id>/cancel/", imports.cancel, name="cancel"),
    path("p/<slug:slug>/imports/<int:run_id>/retry/", imports.retry, name="retry"),
]
