"""Rounds and reflections, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import Person
from apps.rounds.models import Reflection, Round, RoundState


class ReflectionOut(serializers.ModelSerializer[Reflection]):
    by = Person()

    class Meta:
        model = Reflection
        fields = ("expected", "observed", "cause", "action", "by", "at")


class RoundOut(serializers.ModelSerializer[Round]):
    """One turn of the loop; `inputs` were frozen when it opened."""

    state = serializers.ChoiceField(choices=RoundState.choices)
    reflection = ReflectionOut(allow_null=True, default=None)

    class Meta:
        model = Round
        fields = ("id", "number", "state", "inputs", "opened_at", "closed_at", "reflection")


class ReflectionIn(serializers.Serializer[Any]):
    """What the round taught us: what was expected, what was seen, why, and what will be done about it."""

    expected = serializers.CharField(max_length=10_000)
    observed = serializers.CharField(max_length=10_000)
    cause = serializers.CharField(max_length=10_000)
    action = serializers.CharField(max_length=10_000)
