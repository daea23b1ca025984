"""People, their API tokens, and what they are told of."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who can sign in. Never deleted, only deactivated: the audit chain names them."""

    email = models.EmailField(unique=True)
    single_keys = models.BooleanField(default=True)  # whether one letter alone does something on the desk
    break_minutes = models.PositiveSmallIntegerField(default=50)  # of domain.BREAKS
    keys = models.JSONField(default=dict)  # {the key of an action: the key this person gave it}

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class ApiToken(models.Model):
    """A secret for programs, of which only the SHA-256 is kept; `prefix` lets its owner tell tokens apart."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]


class Notification(models.Model):
    """Something there is for a person. While it is unread, the same again makes it new instead of a second one.

    `number` grows whenever it is made new: the highest is the newest. One that is not `shown` is only mailed.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    project_id = models.BigIntegerField(null=True)  # projects stand above
    kind = models.CharField(max_length=16)  # of domain.KINDS
    about = models.CharField(max_length=64)  # the object it is about, such as `proposal:7`
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=300)
    number = models.BigIntegerField()
    created_at = models.DateTimeField()
    shown = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True)
    mail_after = models.DateTimeField(null=True)  # empty where it is not to be mailed
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "about"],
                condition=models.Q(read_at=None),
                name="one_unread_notification",  # by which the unread are counted, too
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-number"], name="notification_newest"),
            models.Index(
                fields=["kind", "about"], condition=models.Q(read_at=None), name="notification_of_object"
            ),
            models.Index(
                fields=["mail_after"],
                condition=models.Q(mailed_at=None, mail_after__isnull=False),
                name="notification_to_mail",
            ),
        ]


class NotificationChoice(models.Model):
    """How one person wants to be told of one kind; where there is none, the kind's own default holds."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notification_choices")
    kind = models.CharField(max_length=16)
    in_app = models.BooleanField()
    mail = models.CharField(max_length=8)  # of domain.MAILS

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_choice_per_kind")]
