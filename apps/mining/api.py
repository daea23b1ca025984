"""Operations on mining runs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.api import Keyset, operation
from apps.mining.models import MiningRun
from apps.mining.queries import runs_of
from apps.mining.serializers import MiningRunOut, StartMining
from apps.mining.services import start_mining
from apps.projects.api import ProjectView, run_views


class MiningRuns(ProjectView):
    may = {"GET": "view", "POST": "mine"}
    pagination_class = Keyset

    @operation(gives=MiningRunOut, many=True)
    def get(self) -> Any:
        return runs_of(project=self.project)

    @operation(takes=StartMining, gives=MiningRunOut, status=202)
    def post(self, values: dict[str, Any]) -> Any:
        return start_mining(project=self.project, by=self.person, at=timezone.now(), **values)


MiningRunDetail, MiningRunCancel, MiningRunRetry = run_views(
    MiningRun, through="mining_runs", gives=MiningRunOut, select=("prediction_set",)
)
