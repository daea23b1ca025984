"""Projects, members and protocols, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import Person
from apps.projects.models import Group, Membership, Project, Protocol, Role


class ProtocolOut(serializers.ModelSerializer[Protocol]):
    """One version of what experts are shown and asked."""

    created_by = Person()

    class Meta:
        model = Protocol
        fields = ("version", "digest", "body", "mapping", "created_by", "created_at")


class ProjectOut(serializers.ModelSerializer[Project]):
    """A project, and the version of the protocol in force."""

    protocol = serializers.IntegerField(source="protocol.version", default=None, allow_null=True)

    class Meta:
        model = Project
        fields = ("slug", "name", "description", "goals", "limits", "protocol", "round_number", "created_at")


class CreateProject(serializers.Serializer[Any]):
    slug = serializers.CharField(max_length=50)
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(default="", allow_blank=True)
    goals = serializers.CharField(default="", allow_blank=True)
    limits = serializers.DictField(
        required=False, help_text="Limits of the curriculum, such as the `protected` attribute."
    )


class MemberOut(serializers.ModelSerializer[Membership]):
    username = serializers.CharField(source="person.username")
    name = serializers.CharField(source="person.display_name")
    email = serializers.EmailField(source="person.email")
    role = serializers.ChoiceField(choices=Role.choices)

    class Meta:
        model = Membership
        fields = ("username", "name", "email", "role", "created_at")


class MemberAdded(serializers.Serializer[Any]):
    """The member; `password_link` only for a person who was made just now: hand it to them, it works once."""

    member = MemberOut()
    password_link = serializers.CharField(allow_null=True)


class AddMember(serializers.Serializer[Any]):
    """Somebody who is known by `username`, or whom `username` and `email` make known."""

    username = serializers.CharField(max_length=150)
    email = serializers.EmailField(default="", allow_blank=True)
    role = serializers.ChoiceField(choices=Role.choices)


class GroupOut(serializers.ModelSerializer[Group]):
    """Some of the members, for whom tasks can be reserved, by username."""

    people = serializers.SlugRelatedField("username", many=True, read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = Group
        fields = ("id", "name", "people", "created_at")


class GroupIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60)
    people = serializers.ListField(child=serializers.CharField(), help_text="Usernames of members")
