"""Pages of accounts."""

from __future__ import annotations

from django.urls import path

from apps.accounts import views

app_name = "accounts"

urlpatterns = [
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/create/", views.create, name="create_token"),
    path("tokens/<int:token_id>/revoke/", views.revoke, name="revoke_token"),
]
