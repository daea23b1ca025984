"""Pages of training."""

from __future__ import annotations

from django.urls import path

from apps.training import views

app_name = "training"

urlpatterns = [
    path("p/<slug:slug>/runs/", views.runs, name="runs"),
    path("p/<slug:slug>/runs/recipe/", views.add_recipe, name="add_recipe"),
    path("p/<slug:slug>/runs/<int:run_id>/", views.run, name="run"),
    path("p/<slug:slug>/runs/<int:run_id>/cancel/", views.cancel_run, name="cancel_run"),
    path("p/<slug:slug>/runs/<int:run_id>/retry/", views.retry_run, name="retry_run"),
    path("p/<slug:slug>/gates/<int:gate_id>/promote/", views.promote, name="promote"),
    path("p/<slug:slug>/gates/<int:gate_id>/reject/", views.reject, name="reject"),
    path("p/<slug:slug>/gates/<int:gate_id>/ask-override/", views.ask_override, name="ask_override"),
    path("p/<slug:slug>/models/", views.models, name="models"),
    path("p/<slug:slug>/models/roll-back/", views.roll_back, name="roll_back"),
    path("p/<slug:slug>/models/<int:number>/", views.model, name="model"),
    path("p/<slug:slug>/models/<int:number>/judge/", views.judge, name="judge"),
    path("p/<slug:slug>/benchmarks/", views.benchmarks, name="benchmarks"),
    path("p/<slug:slug>/benchmarks/freeze/", views.freeze, name="freeze"),
]
