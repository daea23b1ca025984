"""Pages of calibration."""

from __future__ import annotations

from django.urls import path

from apps.calibration import views

app_name = "calibration"

urlpatterns = [
    path("p/<slug:slug>/calibration/", views.calibration, name="calibration"),
    path("p/<slug:slug>/calibration/mine/", views.mine, name="mine"),
    path("p/<slug:slug>/gold/", views.gold, name="gold"),
    path("p/<slug:slug>/gold/add/", views.add_gold, name="add_gold"),
    path("p/<slug:slug>/gold/<int:gold_id>/retire/", views.retire_gold, name="retire_gold"),
]
