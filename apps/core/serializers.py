"""What every run shows, and fields shared by several apps."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.models import Event, Run, RunState


class Person(serializers.CharField):
    """A person, by username; null where it was nobody in particular."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **kwargs})

    def to_representation(self, value: Any) -> str:
        return str(value.username)


class RunOut(serializers.ModelSerializer[Run]):
    """Work for a worker: its state, how far it is, and how it ended. Kinds of runs add what they made."""

    state = serializers.ChoiceField(choices=RunState.choices)
    progress = serializers.DictField(help_text="What the worker last said: done, total, seconds_left, …")
    created_by = Person()

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "id",
            "state",
            "progress",
            "error",
            "attempts",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )


class EventOut(serializers.ModelSerializer[Event]):
    """One line of the audit chain. `number` and `digest` are null until it is sealed, within seconds."""

    actor = Person()
    number = serializers.IntegerField(source="seal.number", default=None, allow_null=True)
    digest = serializers.CharField(source="seal.digest", default=None, allow_null=True)

    class Meta:
        model = Event
        fields = ("id", "number", "digest", "at", "actor", "kind", "object_type", "object_id", "data")


class ChainOut(serializers.Serializer[Any]):
    """What verification found; `broken_at` is the number of the first seal that does not follow."""

    intact = serializers.BooleanField()
    sealed = serializers.IntegerField()
    unsealed = serializers.IntegerField()
    broken_at = serializers.IntegerField(allow_null=True)
    head = serializers.CharField(
        help_text="The hash of the last sealed event. Keep it elsewhere, and compare."
    )


class Reason(serializers.Serializer[Any]):
    """Why something is done that is not a matter of course."""

    reason = serializers.CharField(max_length=4_000, allow_blank=True)


class Note(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=4_000, allow_blank=True, default="")
