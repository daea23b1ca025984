"""Pages of curricula."""

from __future__ import annotations

from django.urls import path

from apps.curricula import views

app_name = "curricula"

urlpatterns = [
    path("p/<slug:slug>/proposals/", views.proposals, name="proposals"),
    path("p/<slug:slug>/proposals/propose/", views.propose, name="propose"),
    path("p/<slug:slug>/proposals/making/<int:run_id>/cancel/", views.cancel_run, name="cancel_run"),
    path("p/<slug:slug>/proposals/making/<int:run_id>/retry/", views.retry_run, name="retry_run"),
    path("p/<slug:slug>/proposals/<int:proposal_id>/", views.proposal, name="proposal"),
    path("p/<slug:slug>/proposals/<int:proposal_id>/approve/", views.approve, name="approve"),
    path("p/<slug:slug>/proposals/<int:proposal_id>/send-back/", views.send_back, name="send_back"),
]
