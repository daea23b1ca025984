"""Operations on proposals and curriculum versions."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes

from apps.core.api import Keyset, chosen, operation, parameter
from apps.core.errors import NotFound
from apps.core.serializers import Reason
from apps.curricula.exports import taught_lines
from apps.curricula.models import CurriculumRun, CurriculumVersion, Proposal
from apps.curricula.queries import curricula_of, curriculum_in, proposals_of
from apps.curricula.serializers import (
    ApprovalOut,
    Approve,
    CurriculumDetailOut,
    CurriculumOut,
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


class Curricula(ProjectView):
    """Every version, newest first; `?approved=true` only those that a second lead approved."""

    may = {"GET": "view"}
    pagination_class = Keyset

    @operation(
        gives=CurriculumOut,
        many=True,
        query=[parameter("approved", "Only those that were approved", choices=["true"])],
    )
    def get(self) -> Any:
        approved = chosen(self.request, "approved", ["true"]) == "true"
        return curricula_of(project=self.project, approved=approved)


class OneCurriculum(ProjectView):
    may = {"GET": "view"}

    @property
    def curriculum(self) -> CurriculumVersion:
        return curriculum_in(project=self.project, digest=self.kwargs["digest"])


class CurriculumDetail(OneCurriculum):
    """One version, with the classes in whose order its soft labels stand."""

    @operation(gives=CurriculumDetailOut)
    def get(self) -> Any:
        return self.curriculum


class CurriculumRows(OneCurriculum):
    """Every row of an approved curriculum as NDJSON, with its content, weight and stage: what a trainer needs.

    The checks of its content are made again first, so that what may no longer be taught is not handed out.
    """

    may = {"GET": "read_rows"}

    @operation(gives=OpenApiTypes.BINARY)
    def get(self) -> Any:
        lines = taught_lines(self.curriculum)
        answer = StreamingHttpResponse(lines, content_type="application/x-ndjson")
        name = f"{self.project.slug}-curriculum-v{self.curriculum.number}.ndjson"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


CurriculumRunDetail, CurriculumRunCancel, CurriculumRunRetry = run_views(
    CurriculumRun, through="curriculum_runs", gives=CurriculumRunOut, select=("dataset",)
)
