"""Notifications, how one is told, and one's keys, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.accounts.domain import KINDS, MAILS
from apps.accounts.models import Notification
from apps.accounts.queries import Choice


class NotificationOut(serializers.ModelSerializer[Notification]):
    kind = serializers.ChoiceField(choices=list(KINDS))
    url = serializers.CharField(help_text="The path of the page it leads to.")

    class Meta:
        model = Notification
        fields = ("id", "kind", "title", "url", "created_at", "read_at")


class ReadOut(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread.")


class ChoiceOut(serializers.Serializer[Choice]):
    in_app = serializers.BooleanField()
    mail = serializers.ChoiceField(choices=list(MAILS))


class NotificationSettings(serializers.Serializer[Any]):
    """By kind. What is put changes the kinds it names; all others stay as they are."""

    kinds = serializers.DictField(child=ChoiceOut())
    sends_mail = serializers.BooleanField(read_only=True, help_text="Whether this installation mails at all.")


class OwnKeys(serializers.Serializer[Any]):
    """`keys` gives actions of the desk, named by their own key, other ones; all others keep theirs."""

    single_keys = serializers.BooleanField(help_text="Whether one key alone does something.")
    keys = serializers.DictField(child=serializers.CharField())
