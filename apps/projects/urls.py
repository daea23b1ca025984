"""Pages of projects."""

from __future__ import annotations

from django.urls import path

from apps.projects import views

app_name = "projects"

urlpatterns = [
    path("p/<slug:slug>/members/", views.members, name="members"),
    path("p/<slug:slug>/members/add/", views.add_member, name="add_member"),
    path("p/<slug:slug>/members/<int:person_id>/role/", views.set_role, name="set_role"),
    path("p/<slug:slug>/members/<int:person_id>/remove/", views.remove_member, name="remove_member"),
    path("p/<slug:slug>/members/groups/", views.make_group, name="make_group"),
    path("p/<slug:slug>/members/groups/<int:group_id>/", views.change_group, name="change_group"),
    path(
        "p/<slug:slug>/members/groups/<int:group_id>/dissolve/", views.dissolve_group, name="dissolve_group"
    ),
    path("p/<slug:slug>/protocol/", views.protocol, name="protocol"),
    path("p/<slug:slug>/protocol/edit/", views.edit_protocol, name="edit_protocol"),
    path("p/<slug:slug>/protocol/<int:version>/", views.protocol_version, name="protocol_version"),
    path("p/<slug:slug>/protocol/<int:version>/json/", views.protocol_file, name="protocol_file"),
]
