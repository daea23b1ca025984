"""Operations on what one is told, and how, and on one's keys."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.accounts.mail import sends_mail
from apps.accounts.models import User
from apps.accounts.queries import Choice, choices_of, notifications_of
from apps.accounts.serializers import NotificationOut, NotificationSettings, OwnKeys, ReadOut
from apps.accounts.services.keys import choose_keys
from apps.accounts.services.notices import choose_notifications, read_all_notifications, read_notification
from apps.core.api import ApiView, Keyset, chosen, operation, parameter


class NewestFirst(Keyset):
    ordering = "-number"


class OwnView(ApiView):
    """An operation on what is the caller's own, whatever projects they are in."""

    @property
    def person(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user


class Notifications(OwnView):
    """Newest first; one that is told again while it is unread becomes the newest."""

    pagination_class = NewestFirst

    @operation(
        gives=NotificationOut,
        many=True,
        query=[parameter("unread", "Only what is unread.", choices=["true", "false"])],
    )
    def get(self) -> Any:
        return notifications_of(
            person=self.person, unread=chosen(self.request, "unread", ["true", "false"]) == "true"
        )


class ReadNotification(OwnView):
    @operation(gives=NotificationOut)
    def post(self) -> Any:
        return read_notification(person=self.person, notification_id=self.kwargs["id"], at=timezone.now())


class ReadAllNotifications(OwnView):
    @operation(gives=ReadOut)
    def post(self) -> Any:
        return {"read": read_all_notifications(person=self.person, at=timezone.now())}


class NotificationChoices(OwnView):
    @operation(gives=NotificationSettings, name="notification_settings_read")
    def get(self) -> Any:
        return _settings(choices_of(person=self.person))

    @operation(takes=NotificationSettings, gives=NotificationSettings, name="notification_settings_write")
    def put(self, values: dict[str, Any]) -> Any:
        choices = {kind: Choice(**choice) for kind, choice in values["kinds"].items()}
        return _settings(choose_notifications(person=self.person, choices=choices, at=timezone.now()))


def _settings(choices: dict[str, Choice]) -> dict[str, Any]:
    return {"kinds": {kind: vars(choice) for kind, choice in choices.items()}, "sends_mail": sends_mail()}


class Keys(OwnView):
    @operation(gives=OwnKeys, name="keys_read")
    def get(self) -> Any:
        return self.person

    @operation(takes=OwnKeys, gives=OwnKeys, name="keys_write")
    def put(self, values: dict[str, Any]) -> Any:
        return choose_keys(person=self.person, **values)
