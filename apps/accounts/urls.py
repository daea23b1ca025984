"""Pages of accounts."""

from __future__ import annotations

from django.urls import path

from apps.accounts import views

app_name = "accounts"

urlpatterns = [
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/create/", views.create, name="create_token"),
    path("tokens/<int:token_id>/revoke/", views.revoke, name="revoke_token"),
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/bell/", views.bell, name="bell"),
    path("notifications/read-all/", views.read_all, name="read_all_notifications"),
    path("notifications/<int:notification_id>/read/", views.read, name="read_notification"),
    path("notifications/<int:notification_id>/open/", views.open_one, name="open_notification"),
    path("notifications/settings/", views.notification_settings, name="notification_settings"),
    path("notifications/settings/save/", views.save_notifications, name="save_notifications"),
    path("keys/", views.keys, name="keys"),
    path("keys/break/", views.save_break, name="save_break"),
    path("keys/save/", views.save_keys, name="save_keys"),
]
