"""Curricula are put forward by one lead and approved by another, pinned to their content."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from apps.core.errors import BadInput, IllegalMove, NotAllowed, NotFound
from apps.core.models import Event, RunState
from apps.core.store import read_table
from apps.curricula.models import Approval, CurriculumVersion, Proposal, ProposalState
from apps.curricula.services import (
    OwnProposal,
    ProposalChanged,
    approve_proposal,
    send_back_proposal,
    start_proposal,
)
from apps.datasets.services import start_snapshot
from apps.mining.models import LatestScore
from apps.projects.models import Project
from apps.registry.services import move_alias
from apps.training.models import TrainingRun
from apps.training.services.runs import add_recipe, approved_without_run
from workers.jobs.core import sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset(house):
    for n in range(6):
        house.example(f"t{n}", label="358"[n % 3], split="train")
    return house.work(start_snapshot(project=house.project, by=house.lena, at=house.clock)).dataset


def propose(house, dataset, by=None, **values):
    by = by or house.lena
    run = start_proposal(project=house.project, dataset=dataset, by=by, at=house.clock, **values)
    return house.work(run).proposal


@pytest.fixture
def proposal(house, dataset):
    return propose(house, dataset, note="The first.")


def approve(house, proposal, by=None, **values):
    values.setdefault("digest", proposal.curriculum.digest)
    by = by or house.luis
    return approve_proposal(proposal_id=proposal.pk, project=house.project, by=by, at=house.clock, **values)


def send_back(house, proposal, by=None, reason="Too few corrections."):
    by = by or house.luis
    return send_back_proposal(
        proposal_id=proposal.pk, project=house.project, by=by, reason=reason, at=house.clock
    )


def keys(proposal):
    return sorted(read_table("curricula", proposal.curriculum.digest)["key"].to_pylist())


def promote(house, proposal, probs):
    """A model of that curriculum, in production, with what it predicts."""
    model = house.model(curriculum_digest=proposal.curriculum.digest)
    house.predictions(model, probs)
    move_alias(
        project=house.project, name="production", model=model, kind="promote", by=house.lena, at=house.clock,
        gate_id=1,
    )  # fmt: skip
    return model


def test_the_first_proposal_teaches_everything_as_foundations(house, proposal, dataset):
    assert (proposal.state, proposal.author, proposal.note) == ("open", house.lena, "The first.")
    assert [stage["name"] for stage in proposal.curriculum.stages] == ["foundations"]
    assert (proposal.curriculum.dataset, proposal.curriculum.rows) == (dataset, 6)
    assert proposal.diff["against"] is None
    assert proposal.diff["added"]["n"] == 6


def test_later_proposals_stand_against_the_curriculum_in_force(house, proposal, dataset):
    probs = {f"t{n}": [0.98 if place == n % 3 else 0.01 for place in range(3)] for n in range(6)}
    probs["t0"] = [0.5, 0.3, 0.2]
    promote(house, proposal, probs)
    second = propose(house, dataset)
    assert second.diff["against"] == proposal.curriculum.number
    assert (second.diff["added"]["n"], second.diff["reweighed"]["n"]) == (0, 1)
    assert second.curriculum.summary["reasons"] == {"foundation": 5, "edge": 1}


def test_unreviewed_suspects_are_not_put_forward(house, proposal, dataset):
    model = promote(house, proposal, {"t1": [0.9, 0.05, 0.05]})
    LatestScore.objects.create(
        example=house.project.examples.get(key="t1"), project=house.project, suspect=True, predicted="3",
        prediction_set=model.prediction_sets.get(), confidence=0.9, margin=0.8, entropy=0.1, log_odds=-3,
    )  # fmt: skip
    second = propose(house, dataset)
    assert "t1" not in keys(second)
    assert second.curriculum.summary["held_out"] == {"unreviewed_suspect": 1}


def test_content_that_became_a_benchmark_since_is_not_put_forward(house, dataset):
    twin = house.project.examples.get(key="t2")
    house.project.examples.create(
        key="held out later", payload=twin.payload, label="8", split="benchmark",
        created_at=house.clock, updated_at=house.clock,
    )  # fmt: skip
    proposal = propose(house, dataset)
    assert "t2" not in keys(proposal)
    assert proposal.curriculum.summary["held_out"] == {"benchmark": 1}


def test_nothing_left_to_teach_fails_with_a_sentence(house, dataset, proposal):
    model = promote(house, proposal, {"t0": [0.9, 0.05, 0.05]})
    for example in house.project.examples.all():
        LatestScore.objects.create(
            example=example, project=house.project, suspect=True, predicted="3",
            prediction_set=model.prediction_sets.get(), confidence=0.9, margin=0.8, entropy=0.1, log_odds=-3,
        )  # fmt: skip
    run = start_proposal(project=house.project, dataset=dataset, by=house.lena, at=house.clock)
    assert "Nothing in this dataset can be taught" in house.work(run, ends=RunState.FAILED).error
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.OPEN


def test_a_dataset_that_became_a_benchmark_as_a_whole_is_refused(house, dataset):
    for example in list(house.project.examples.all()):
        house.project.examples.create(
            key=f"bench {example.key}", payload=example.payload, label=example.label, split="benchmark",
            created_at=house.clock, updated_at=house.clock,
        )  # fmt: skip
    run = start_proposal(project=house.project, dataset=dataset, by=house.lena, at=house.clock)
    assert "stands in a benchmark" in house.work(run, ends=RunState.FAILED).error


def test_a_class_the_model_in_production_does_not_know_is_a_foundation(house, dataset, proposal):
    model = house.model(classes=["3", "5"], curriculum_digest=proposal.curriculum.digest)
    house.predictions(model, {f"t{n}": [0.5, 0.5] for n in range(6)})
    move_alias(
        project=house.project, name="production", model=model, kind="promote", by=house.lena, at=house.clock,
        gate_id=1,
    )  # fmt: skip
    assert propose(house, dataset).curriculum.summary["reasons"] == {"edge": 4, "foundation": 2}


def test_the_same_plan_is_the_same_curriculum_version(house, dataset, proposal):
    again = propose(house, dataset)
    assert again.curriculum == proposal.curriculum
    assert CurriculumVersion.objects.count() == 1


def test_a_newer_proposal_supersedes_the_open_one(house, dataset, proposal):
    newer = propose(house, dataset, by=house.luis)
    proposal.refresh_from_db()
    assert (proposal.state, newer.state) == (ProposalState.SUPERSEDED, ProposalState.OPEN)
    with pytest.raises(IllegalMove):
        approve(house, proposal)


def test_the_database_keeps_one_open_proposal_per_project(house, proposal):
    with pytest.raises(IntegrityError, match="one_open_proposal_per_project"), transaction.atomic():
        Proposal.objects.create(
            project=house.project, curriculum=proposal.curriculum, author=house.luis, diff={},
            created_at=house.clock,
        )  # fmt: skip


def test_another_lead_approves_and_the_approval_names_the_content(house, proposal):
    approval = approve(house, proposal, note="Fine.")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == (ProposalState.APPROVED, house.luis)
    assert (approval.digest, approval.by) == (proposal.curriculum.digest, house.luis)
    assert Event.objects.get(kind="proposal.approved").data["digest"] == approval.digest


def test_nobody_approves_their_own_proposal(house, proposal):
    with pytest.raises(OwnProposal, match="another lead"):
        approve(house, proposal, by=house.lena)
    assert not Approval.objects.exists()


def test_the_database_refuses_an_approval_by_the_author_or_by_nobody(house, proposal):
    for person in (house.lena, None):
        with pytest.raises(IntegrityError, match="nobody_approves_their_own"), transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(state="approved", decided_by=person)


def test_what_was_not_read_is_not_approved(house, proposal):
    with pytest.raises(ProposalChanged):
        approve(house, proposal, digest="something older")
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.OPEN


def test_a_proposal_is_decided_once(house, proposal):
    approve(house, proposal)
    with pytest.raises(IllegalMove):
        approve(house, proposal)
    with pytest.raises(IllegalMove):
        send_back(house, proposal)


def test_sending_back_needs_a_reason_and_keeps_it(house, proposal):
    with pytest.raises(BadInput, match="Say why"):
        send_back(house, proposal, reason="  ")
    send_back(house, proposal)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decision_note) == (ProposalState.SENT_BACK, "Too few corrections.")
    with pytest.raises(IllegalMove):
        approve(house, proposal)


def test_the_author_may_withdraw_their_own(house, proposal):
    assert send_back(house, proposal, by=house.lena).state == ProposalState.SENT_BACK


def test_only_leads_of_this_project_decide_or_propose(house, proposal, dataset):
    for person in (house.erin, house.ada):
        with pytest.raises(NotAllowed):
            approve(house, proposal, by=person)
        with pytest.raises(NotAllowed):
            send_back(house, proposal, by=person)
        with pytest.raises(NotAllowed):
            propose(house, dataset, by=person)
    with pytest.raises(NotFound):
        approve(house, proposal, by=house.sam)
    other = Project.objects.create(slug="other", name="Other", created_at=house.clock)
    other.memberships.create(person=house.luis, role="lead", created_at=house.clock)
    with pytest.raises(NotFound):
        approve_proposal(
            proposal_id=proposal.pk,
            project=other,
            by=house.luis,
            digest=proposal.curriculum.digest,
            at=house.clock,
        )
    with pytest.raises(NotFound):
        start_proposal(project=other, dataset=dataset, by=house.luis, at=house.clock)


def test_curricula_and_approvals_cannot_be_changed(house, proposal):
    approve(house, proposal)
    for change in (
        lambda: CurriculumVersion.objects.update(rows=1),
        lambda: Approval.objects.update(digest="other"),
        proposal.curriculum.delete,
        Approval.objects.get().delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_an_approval_whose_wake_up_was_lost_is_trained_all_the_same(house, proposal):
    add_recipe(project=house.project, by=house.lena, at=house.clock, learner="image-cnn")
    approve(house, proposal)
    assert approved_without_run() == [proposal.pk]
    sweep()
    sweep()
    run = TrainingRun.objects.get()
    assert (run.proposal, run.state, run.created_by) == (proposal, RunState.QUEUED, house.luis)
    assert approved_without_run() == []


def test_a_project_that_cannot_train_does_not_hold_up_the_others(house, proposal, dataset):
    approve(house, proposal)  # without a recipe, training cannot start
    other = Project.objects.create(slug="other", name="Other", created_at=house.clock)
    curriculum = CurriculumVersion.objects.create(
        project=other,
        number=1,
        digest="d",
        dataset=dataset,
        rows=1,
        stages=[],
        summary={},
        created_at=house.clock,
    )
    waiting = Proposal.objects.create(
        project=other, curriculum=curriculum, author=house.lena, decided_by=house.luis, state="approved", diff={},
        created_at=house.clock,
    )  # fmt: skip
    other.recipes.create(version=1, learner="image-cnn", created_at=house.clock)
    sweep()
    assert TrainingRun.objects.get().proposal == waiting
