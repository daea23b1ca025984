"""Operations on proposals."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.api import Keyset, operation
from apps.core.errors import NotFound
from apps.core.serializers import Reason
from apps.curricula.models import CurriculumRun, Proposal
from apps.curricula.queries import proposals_of
from apps.curricula.serializers import (
    ApprovalOut,
    Approve,
    CurriculumRunOut,
    ProposalDetailOut,
    ProposalOut,
    StartProposal,
)
from apps.curricula.services import approve_proposal, send_back_proposal, start_proposal
from apps.datasets.queries import datasets_of
from apps.projects.api import ProjectView, RowView, run_views


class Proposals(ProjectView):
    """Newest first. Posting queues the staging of a dataset version; the result is put forward in your name."""

    may = {"GET": "view", "POST": "propose"}
    pagination_class = Keyset

    @operation(gives=ProposalOut, many=True)
    def get(self) -> Any:
        return proposals_of(project=self.project)

    @operation(takes=StartProposal, gives=CurriculumRunOut, status=202)
    def post(self, values: dict[str, Any]) -> Any:
        dataset = datasets_of(project=self.project).filter(digest=values.pop("dataset")).first()
        if dataset is None:
            raise NotFound("There is no dataset version with this digest in this project.")
        return start_proposal(
            project=self.project, dataset=dataset, by=self.person, at=timezone.now(), **values
        )


class OneProposal(RowView):
    rows, through = Proposal, "proposals"


class ProposalDetail(OneProposal):
    may = {"GET": "view"}

    @operation(gives=ProposalDetailOut)
    def get(self) -> Any:
        return proposals_of(project=self.project).get(pk=self.kwargs["id"])


class ApproveProposal(OneProposal):
    """Approve what you read, and have it trained. Nobody approves their own proposal."""

    may = {"POST": "approve"}

    @operation(takes=Approve, gives=ApprovalOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return approve_proposal(
            proposal_id=self.kwargs["id"],
            project=self.project,
            by=self.person,
            at=timezone.now(),
            **values,
        )


class SendBackProposal(OneProposal):
    """Decline, with a reason for its author."""

    may = {"POST": "approve"}

    @operation(takes=Reason, gives=ProposalOut)
    def post(self, values: dict[str, Any]) -> Any:
        return send_back_proposal(
            proposal_id=self.kwargs["id"],
            project=self.project,
            by=self.person,
            at=timezone.now(),
            **values,
        )


CurriculumRunDetail, CurriculumRunCancel, CurriculumRunRetry = run_views(
    CurriculumRun, through="curriculum_runs", gives=CurriculumRunOut, select=("dataset",)
)
