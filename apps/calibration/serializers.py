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


class ShareOut(serializers.Serializer[Any]):
    """`k` of `n` answers; the share with its 95 % interval (Wilson), null of none."""

    k = serializers.IntegerField()
    n = serializers.IntegerField()
    share = serializers.FloatField(source="estimate", allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class LeaningOut(serializers.Serializer[Any]):
    """`answered` blind-first, of which the model's word was `revealed`, and what became of those."""

    answered = serializers.IntegerField()
    revealed = serializers.IntegerField()
    toward = ShareOut(
        source="reliance.toward", help_text="Of those that differed: took the model's label over"
    )
    away = ShareOut(source="reliance.away", help_text="Of those that agreed: left the model's label")
    over = ShareOut(
        source="reliance.over", help_text="Of those that differed from a wrong model: took it over"
    )
    under = ShareOut(
        source="reliance.under", help_text="Of those that differed from a right model: did not take it over"
    )


class PersonLeaningOut(LeaningOut):
    person = Person()


class RelianceOut(serializers.Serializer[Any]):
    """How far the model's word moves people who answer blind-first; right or wrong is told by gold and by leads."""

    overall = LeaningOut()
    people = PersonLeaningOut(many=True)


class CalibrationOut(serializers.Serializer[Any]):
    """How true each annotator is, and how far they agree; null while no task has two answers."""

    standings = StandingOut(many=True)
    agreement = AgreementOut(allow_null=True)
    reliance = RelianceOut()
