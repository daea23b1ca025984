"""Curricula put forward, approved and sent back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.services.notices import notify, withdraw_notices
from apps.core.errors import BadInput, DomainError, NotAllowed, NotFound
from apps.core.events import record_event
from apps.core.jobs import PROPOSE, START_TRAINING, enqueue, enqueue_run
from apps.core.moves import move
from apps.core.runs import lock_claimed
from apps.core.store import Stored
from apps.curricula.models import Approval, CurriculumRun, CurriculumVersion, Proposal, ProposalState
from apps.curricula.queries import proposal_in
from apps.curricula.safety import refuse_unsafe
from apps.datasets.models import DatasetVersion
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.projects.queries import people_who_may
from apps.projects.runs import finish


class OwnProposal(NotAllowed):
    code = "own_proposal"

    def __init__(self) -> None:
        super().__init__("You put this proposal forward, so another lead has to decide on it.")


class ProposalChanged(DomainError):
    """What was read is not what would be approved."""

    code = "proposal_changed"

    def __init__(self) -> None:
        super().__init__("The proposal's content is not the one you read. Reload it and look again.")


@transaction.atomic
def start_proposal(
    *, project: Project, dataset: DatasetVersion, by: User, at: datetime, note: str = ""
) -> CurriculumRun:
    """Queue the staging and weighing of a dataset version; the result is put forward in `by`'s name."""
    require(person=by, project=project, action="propose")
    if dataset.project_id != project.pk:
        raise NotFound("There is no such dataset version in this project.")
    run = CurriculumRun.objects.create(
        project=project,
        dataset=dataset,
        note=note[:4_000],
        created_by=by,
        created_at=at,
        round_number=project.round_number,
    )
    enqueue_run(PROPOSE, run, at=at)
    return run


@transaction.atomic
def record_proposal(
    *,
    run: CurriculumRun,
    stored: Stored,
    stages: list[dict[str, Any]],
    summary: dict[str, Any],
    diff: dict[str, Any],
    at: datetime,
) -> Proposal:
    """Keep the curriculum version and put it forward; an older open proposal is superseded."""
    row = lock_claimed(run)
    project = Project.objects.select_for_update().get(pk=row.project_id)
    assert row.created_by is not None  # a proposal is always somebody's
    curriculum = _keep(row, project, stored, stages, summary, at)
    for older in Proposal.objects.select_for_update().filter(project=project, state=ProposalState.OPEN):
        move(older, to=ProposalState.SUPERSEDED, at=at, actor=row.created_by)
        withdraw_notices(kind="proposal", about=f"proposal:{older.pk}", at=at)
    proposal = Proposal.objects.create(
        project=project,
        curriculum=curriculum,
        author=row.created_by,
        note=row.note,
        diff=diff,
        round_number=row.round_number,
        created_at=at,
    )
    record_event(kind="proposal.open", row=proposal, at=at, actor=row.created_by, digest=curriculum.digest)
    _tell_deciders(proposal, at=at)
    finish(row, at=at, proposal=proposal)
    return proposal


def _tell_deciders(proposal: Proposal, *, at: datetime) -> None:
    may = people_who_may(project=proposal.project, action="approve")
    who, what = (
        proposal.author.display_name,
        f"curriculum v{proposal.curriculum.number} in {proposal.project}",
    )
    notify(
        people=[person for person in may if person != proposal.author_id],
        kind="proposal",
        title=f"{who} put {what} forward: approve it, or send it back.",
        **_object(proposal),
        at=at,
    )


def _tell_author(proposal: Proposal, *, by: User, said: str, at: datetime) -> None:
    """What was decided, unless they did it themselves; nobody else has to decide any more."""
    withdraw_notices(kind="proposal", about=f"proposal:{proposal.pk}", at=at)
    if proposal.author_id != by.pk:
        what = f"your curriculum v{proposal.curriculum.number} in {proposal.project}"
        title = f"{by.display_name} {said.format(what)}"
        notify(people=[proposal.author_id], kind="decision", title=title, **_object(proposal), at=at)


def _object(proposal: Proposal) -> dict[str, Any]:
    """What a notification of it says of the proposal."""
    return {
        "project_id": proposal.project_id,
        "about": f"proposal:{proposal.pk}",
        "url": reverse("curricula:proposal", args=[proposal.project.slug, proposal.pk]),
    }


def _keep(
    run: CurriculumRun,
    project: Project,
    stored: Stored,
    stages: list[dict[str, Any]],
    summary: dict[str, Any],
    at: datetime,
) -> CurriculumVersion:
    known = CurriculumVersion.objects.filter(project=project, digest=stored.digest).first()
    if known:
        return known
    curriculum = CurriculumVersion.objects.create(
        project=project,
        number=(project.curricula.aggregate(top=Max("number"))["top"] or 0) + 1,
        digest=stored.digest,
        dataset=run.dataset,
        rows=stored.rows,
        stages=stages,
        summary=summary,
        round_number=run.round_number,
        created_at=at,
    )
    record_event(kind="curriculum.created", row=curriculum, at=at, actor=run.created_by, digest=stored.digest)
    return curriculum


def _lock_open(*, proposal_id: int, project: Project) -> Proposal:
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("curriculum", "author")
    proposal = rows.filter(pk=proposal_id, project=project).first()
    if proposal is None:
        raise NotFound("There is no such proposal in this project.")
    return proposal


def approve_proposal(
    *, proposal_id: int, project: Project, by: User, digest: str, note: str = "", at: datetime
) -> Approval:
    """Approve the content with this digest, and have it trained. Nobody approves their own proposal.

    Raises `UnsafeCurriculum` when the content's checks fail; they are asked again when training starts.
    """
    require(person=by, project=project, action="approve")
    proposal = proposal_in(project=project, proposal_id=proposal_id)
    if proposal.author_id == by.pk:
        raise OwnProposal
    if digest != proposal.curriculum.digest:
        raise ProposalChanged
    refuse_unsafe(proposal.curriculum)  # every row is looked up: too long to hold a lock for
    return _approve(proposal_id=proposal_id, project=project, by=by, note=note[:4_000], at=at)


@transaction.atomic
def _approve(*, proposal_id: int, project: Project, by: User, note: str, at: datetime) -> Approval:
    proposal = _lock_open(proposal_id=proposal_id, project=project)
    digest = proposal.curriculum.digest
    decision = {"decided_by": by, "decided_at": at, "decision_note": note}
    move(proposal, to=ProposalState.APPROVED, at=at, actor=by, data={"digest": digest}, **decision)
    approval = Approval.objects.create(proposal=proposal, by=by, digest=digest, note=note, at=at)
    # the approved proposal itself is the order to train: a lost wake-up is swept up later
    enqueue(START_TRAINING, proposal.pk)
    _tell_author(proposal, by=by, said="approved {}; it is trained now.", at=at)
    return approval


@transaction.atomic
def send_back_proposal(
    *, proposal_id: int, project: Project, by: User, reason: str, at: datetime
) -> Proposal:
    """Decline, with a reason for its author. The author may withdraw their own this way."""
    require(person=by, project=project, action="approve")
    if not reason.strip():
        raise BadInput("Say why you send it back, so that its author can mend it.", field="reason")
    proposal = _lock_open(proposal_id=proposal_id, project=project)
    decision = {"decided_by": by, "decided_at": at, "decision_note": reason[:4_000]}
    move(proposal, to=ProposalState.SENT_BACK, at=at, actor=by, data={"reason": reason[:400]}, **decision)
    _tell_author(proposal, by=by, said="sent {} back: read why, and mend it.", at=at)
    return proposal
