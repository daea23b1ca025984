"""Pages of explore."""

from __future__ import annotations

from urllib.parse import quote, unquote

from django.urls import path, register_converter

from apps.explore import views


class KeyConverter:
    """A key as one part of a path, whatever stands in it: quoted once here and once more by `reverse`.

    Slashes, dots and percent signs thus survive proxies that tidy paths.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return unquote(value)

    def to_url(self, value: str) -> str:
        # "." and ".." are never quoted, yet mean a folder to whoever tidies the path
        return quote(value, safe="") if value.strip(".") else value.replace(".", "%2E")


register_converter(KeyConverter, "key")

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
