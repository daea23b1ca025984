"""What was approved is what is taught: an approval dies when a row's label, licence or content changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.core.models import RunState
from apps.core.store import read_table
from apps.curricula.models import Approval, Proposal
from apps.curricula.safety import UnsafeCurriculum, content_checks
from apps.curricula.services import approve_proposal
from apps.examples.models import Example, Payload
from apps.training.models import TrainingRun
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def becomes_benchmark(turn: Turn) -> None:
    taught = Example.objects.get(key="t00")
    Example.objects.filter(key="bench0000").update(payload=taught.payload_id)


def is_purged(turn: Turn) -> None:
    Payload.objects.filter(examples__key="t00").update(body=None, purged_at=turn.house.clock)


def is_relabelled(turn: Turn) -> None:
    Example.objects.filter(key="t00").update(label="5")


def is_believed_otherwise(turn: Turn) -> None:
    turn.house.task("t00", overlap=1)
    turn.house.submit(turn.house.erin, "8")


def is_relicensed(turn: Turn) -> None:
    Example.objects.filter(key="t00").update(licence="all rights reserved")


def is_damaged(turn: Turn) -> None:
    for path in (Path(settings.STORE_URL) / "curricula").rglob("rows.parquet"):
        path.write_bytes(path.read_bytes()[::-1])


CHANGES: dict[str, Callable[[Turn], None]] = {
    "1 row with the content of benchmark examples": becomes_benchmark,
    "1 row purged since": is_purged,
    "1 row with another label since": is_relabelled,
    "1 row under another licence since": is_relicensed,
}


def approve(turn: Turn, proposal: Proposal) -> Any:
    return approve_proposal(
        proposal_id=proposal.pk,
        project=turn.house.project,
        by=turn.house.luis,
        digest=proposal.curriculum.digest,
        at=turn.house.clock,
    )


@pytest.mark.parametrize("words", CHANGES)
def test_a_change_since_forbids_the_approval_with_its_reason(turn: Turn, words: str) -> None:
    proposal = turn.proposal()
    CHANGES[words](turn)
    with pytest.raises(UnsafeCurriculum, match=words):
        approve(turn, proposal)
    proposal.refresh_from_db()
    assert proposal.state == "open"
    assert not Approval.objects.exists()


@pytest.mark.parametrize("words", CHANGES)
def test_a_change_after_the_approval_forbids_the_training(turn: Turn, words: str) -> None:
    run = turn.queued()
    CHANGES[words](turn)
    done = turn.house.work(run, ends=RunState.FAILED)
    assert words in done.error
    assert "Cut a new dataset version" in done.error
    assert not turn.house.project.models.exists()


def test_a_belief_that_changed_since_is_another_label(turn: Turn) -> None:
    proposal = turn.proposal()
    is_believed_otherwise(turn)
    with pytest.raises(UnsafeCurriculum, match="1 row with another label since"):
        approve(turn, proposal)


def test_people_who_confirm_a_label_change_nothing(turn: Turn) -> None:
    proposal = turn.proposal()
    turn.house.task("t00", overlap=1)
    turn.house.submit(turn.house.erin, "3")
    approve(turn, proposal)
    assert Approval.objects.exists()


def test_changes_of_rows_that_are_not_taught_do_no_harm(turn: Turn) -> None:
    proposal = turn.proposal()
    Example.objects.filter(key="p00").update(label="8", licence="other")
    assert {check.verdict for check in content_checks(proposal.curriculum)} == {"pass"}


def test_the_api_refuses_too(client: Client, turn: Turn) -> None:
    proposal = turn.proposal()
    is_purged(turn)
    client.force_login(turn.house.luis)
    answer = client.post(
        f"/api/v1/proposals/{proposal.pk}/approve/",
        {"digest": proposal.curriculum.digest},
        content_type="application/json",
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "unsafe_curriculum")
    assert error["failed"] == ["1 row purged since"]


def test_damaged_rows_are_not_approved(turn: Turn) -> None:
    proposal = turn.proposal()
    is_damaged(turn)
    with pytest.raises(Exception, match=r"may not be taught|Parquet"):
        approve(turn, proposal)
    assert not TrainingRun.objects.exists()


def test_the_checks_count_every_row(turn: Turn) -> None:
    proposal = turn.proposal()
    Example.objects.filter(split="train").update(licence="other")
    n = read_table("curricula", proposal.curriculum.digest).num_rows
    titles = [check.title for check in content_checks(proposal.curriculum)]
    assert f"{n} rows under another licence since" in titles


def test_a_label_that_is_called_otherwise_since_is_another_label(turn: Turn) -> None:
    proposal = turn.proposal()
    turn.house.rename("three", "5", "8", **{"3": "three"})
    with pytest.raises(UnsafeCurriculum, match="4 rows with another label since"):
        approve(turn, proposal)


def test_a_new_version_that_changes_no_label_kills_no_proposal(turn: Turn) -> None:
    proposal = turn.proposal()
    turn.house.rename("3", "5", "8", "9")
    approve(turn, proposal)
    assert Approval.objects.exists()
