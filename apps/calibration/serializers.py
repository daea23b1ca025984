"""Gold and standings, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.calibration.models import Gold
from apps.core.serializers import Person


class GoldOut(serializers.ModelSerializer[Gold]):
    """An example whose answer is known, served blind among the tasks until it is retired."""

    key = serializers.CharField(source="example.key")
    created_by = Person()

    class Meta:
        model = Gold
        fields = ("id", "key", "label", "retired_at", "created_by", "created_at")


class AddGold(serializers.Serializer[Any]):
    """Known labels by example key. All of them become gold or, on a bad one, none."""

    labels = serializers.DictField(child=serializers.CharField(), allow_empty=False)


class StandingOut(serializers.Serializer[Any]):
    """One person on gold: accuracy with its 95 % posterior interval; n is `gold`."""

    person = Person()
    answered = serializers.IntegerField()
    gold = serializers.IntegerField()
    correct = serializers.IntegerField()
    accuracy = serializers.FloatField(source="mean")
    low = serializers.FloatField()
    high = serializers.FloatField()
    mean_confidence = serializers.FloatField(allow_null=True)


class AgreementOut(serializers.Serializer[Any]):
    """Krippendorff's α over the target, with its interval."""

    alpha = serializers.FloatField(source="estimate")
    low = serializers.FloatField()
    high = serializers.FloatField()


class CalibrationOut(serializers.Serializer[Any]):
    """How true each annotator is, and how far they agree; null while no task has two answers."""

    standings = StandingOut(many=True)
    agreement = AgreementOut(allow_null=True)
