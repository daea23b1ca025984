"""Operations on gold, and what it says of the people."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils import timezone

from apps.calibration.models import Gold
from apps.calibration.queries import agreement, gold, standings
from apps.calibration.reliance import leanings
from apps.calibration.serializers import AddGold, CalibrationOut, GoldOut
from apps.calibration.services import add_gold, retire_gold
from apps.core.api import Keyset, operation
from apps.projects.api import ProjectView, RowView


class GoldList(ProjectView):
    may = {"GET": "manage_gold", "POST": "manage_gold"}
    pagination_class = Keyset

    @operation(gives=GoldOut, many=True)
    def get(self) -> Any:
        return gold(project=self.project)

    @operation(takes=AddGold, gives=GoldOut, many=True, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return add_gold(project=self.project, by=self.person, at=timezone.now(), **values)


class RetireGold(RowView):
    """Serve it no more; the answers it has collected still count."""

    may = {"POST": "manage_gold"}
    rows, through = Gold, "gold"

    @operation(gives=GoldOut)
    def post(self) -> Any:
        return retire_gold(project=self.project, gold_id=self.kwargs["id"], by=self.person, at=timezone.now())


class Calibration(ProjectView):
    """Everybody who may annotate, with their accuracy on gold, and how far the model's word moves them."""

    may = {"GET": "calibrate"}

    @operation(gives=CalibrationOut)
    def get(self) -> Any:
        rng = np.random.default_rng(
            self.project.pk
        )  # the interval is drawn; the same data, the same interval
        overall, people = leanings(project=self.project)
        return {
            "standings": standings(project=self.project),
            "agreement": agreement(project=self.project, rng=rng),
            "reliance": {"overall": overall, "people": people},
        }
