"""Pages of comments."""

from __future__ import annotations

from django.urls import path

from apps.comments import views
from apps.examples import paths  # noqa: F401  # the converter of keys

app_name = "comments"

urlpatterns = [
    path("p/<slug:slug>/comments/<key:key>/", views.comments, name="comments"),
    path("p/<slug:slug>/comments/<int:comment_id>/withdraw/", views.withdraw, name="withdraw"),
    path("p/<slug:slug>/desk/<int:assignment_id>/comments/", views.at_desk, name="at_desk"),
]
