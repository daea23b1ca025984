"""Operations on rounds."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.response import Response

from apps.core.api import Keyset, operation
from apps.projects.api import ProjectView, RowView
from apps.rounds.models import Round
from apps.rounds.serializers import ReflectionIn, RoundOut
from apps.rounds.services import Lesson, close_round, open_first_round


class Rounds(ProjectView):
    """Newest first. Posting opens the first; later ones open when the one before is closed.

    Where one is open already, it is answered with 200 instead of 201.
    """

    may = {"GET": "view", "POST": "reflect"}
    pagination_class = Keyset

    @operation(gives=RoundOut, many=True)
    def get(self) -> Any:
        return Round.objects.select_related("reflection__by").filter(project=self.project)

    @operation(gives=RoundOut, status=201)
    def post(self) -> Any:
        at = timezone.now()
        row = open_first_round(project=self.project, by=self.person, at=at)
        return Response(RoundOut(row).data, status=201 if row.opened_at == at else 200)


class Reflect(RowView):
    """Close the round with what it taught us; the next one opens."""

    may = {"POST": "reflect"}
    rows, through = Round, "rounds"

    @operation(takes=ReflectionIn, gives=RoundOut)
    def post(self, values: dict[str, Any]) -> Any:
        return close_round(
            round_id=self.kwargs["id"],
            project=self.project,
            by=self.person,
            lesson=Lesson(**values),
            at=timezone.now(),
        )
