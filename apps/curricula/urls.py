"""Pages of curricula."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "curricula"

urlpatterns: list[URLPattern] = []
