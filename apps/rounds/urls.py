"""Pages of rounds."""

from __future__ import annotations

from django.urls import path

from apps.rounds import views

app_name = "rounds"

urlpatterns = [
    path("", views.home, name="home"),
    path("projects/create/", views.create_project, name="create_project"),
    path("p/<slug:slug>/", views.board, name="board"),
    path("p/<slug:slug>/rounds/open/", views.open_round, name="open_round"),
    path("p/<slug:slug>/rounds/mine/", views.mine, name="mine"),
    path("p/<slug:slug>/rounds/cut/", views.cut, name="cut"),
    path("p/<slug:slug>/rounds/propose/<int:number>/", views.propose, name="propose"),
    path("p/<slug:slug>/rounds/<slug:kind>/<int:run_id>/cancel/", views.cancel, name="cancel"),
    path("p/<slug:slug>/rounds/<slug:kind>/<int:run_id>/retry/", views.retry, name="retry"),
    path("p/<slug:slug>/rounds/<int:number>/", views.round_, name="round"),
    path("p/<slug:slug>/rounds/<int:number>/reflect/", views.reflect, name="reflect"),
]
