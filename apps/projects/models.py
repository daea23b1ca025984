"""Project, Membership, Group, Protocol."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from apps.projects.domain import SUGGESTION, classes_of, target_of


class Role(models.TextChoices):
    EXPERT = "expert"
    LEAD = "lead"
    ADMIN = "admin"


class Project(models.Model):
    """One model problem with its people, protocol, goals and limits."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    goals = models.TextField(blank=True)
    limits = models.JSONField(default=dict)
    protocol = models.ForeignKey("projects.Protocol", null=True, on_delete=models.PROTECT, related_name="+")
    # Written down by rounds, so that everything below can say which turn of the loop it belongs to.
    round_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "person"], name="one_membership_each")]
        ordering = ["role", "person__username"]


class Group(models.Model):
    """Some of a project's members, for whom tasks can be reserved.

    One with a `person` is that person's alone: it has no name, and is made when something is reserved for them.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=60, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "project", Lower("name"), condition=models.Q(person=None), name="one_group_of_a_name"
            ),
            models.UniqueConstraint(fields=["person", "project"], name="one_group_of_one"),
        ]

    def __str__(self) -> str:
        """What people call it."""
        return self.person.display_name if self.person else self.name

    @property
    def address(self) -> str:
        """What forms and the API call it: `group:night shift`, `person:erin`."""
        return f"person:{self.person.username}" if self.person else f"group:{self.name}"


class Protocol(models.Model):
    """What an expert is shown and asked. A version never changes; an edit makes the next version."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="protocols")
    version = models.PositiveIntegerField()
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    # what became of the answers to the version before; null for the first, and for versions older than mappings
    mapping = models.JSONField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="one_protocol_version")]
        ordering = ["-version"]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update)]

    @property
    def target(self) -> dict[str, Any]:
        """The one question a recipe learns."""
        return target_of(self.body)

    @property
    def classes(self) -> list[str]:
        """The labels the target can take, in the protocol's order."""
        return classes_of(self.body)

    @property
    def suggestion_words(self) -> str:
        """What experts see of the model's word."""
        return SUGGESTION[self.body["suggestion"]]
