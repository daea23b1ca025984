"""Pages of explore."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "explore"

urlpatterns: list[URLPattern] = []
