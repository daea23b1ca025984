"""Who is told that it is their turn, all the way round the loop."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import Notification
from apps.accounts.queries import notifications_of
from apps.annotation.services.consensus import adjudicate, reopen_task
from apps.annotation.services.declining import decline
from apps.annotation.services.tasks import withdraw_open_tasks
from apps.core.runs import claim
from apps.curricula.services import approve_proposal, send_back_proposal
from apps.datasets.models import SnapshotRun
from apps.datasets.services import start_snapshot
from apps.projects.runs import fail
from apps.rounds.services import Lesson, close_round
from apps.training.services.gates import ask_override, promote, reject
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


def told(house: House, kind: str) -> dict[str, str]:
    """Who has an unread notification of this kind, and what it says: the newest of each."""
    people = {name: notifications_of(person=person, unread=True) for name, person in house.people.items()}
    rows = {name: found.filter(kind=kind).first() for name, found in people.items()}
    return {name: row.title for name, row in rows.items() if row}


def dispute(house: House, key: str) -> Any:
    task = house.task(key)
    house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    return task


def test_a_mining_run_tells_who_may_answer_once_and_not_per_task(house: House) -> None:
    Turn(house).mined()
    words = "10 tasks opened in Digits for you to answer."
    assert told(house, "tasks") == dict.fromkeys(["erin", "emil", "ella", "lena", "luis"], words)
    assert Notification.objects.filter(kind="tasks", person=house.erin).count() == 1


def test_tasks_that_are_withdrawn_are_nobodys_turn(house: House) -> None:
    Turn(house).mined()
    withdraw_open_tasks(queue=house.queue, by=house.lena, at=house.clock, why="a newer protocol")
    assert told(house, "tasks") == {}


def test_disputes_are_one_notification_that_is_counted_again(house: House) -> None:
    first, second = dispute(house, "a"), dispute(house, "b")
    assert set(told(house, "dispute")) == {"lena", "luis", "ada"}
    assert told(house, "dispute")["lena"] == "2 tasks in Digits wait for a lead to settle."

    given = {"answers": {"digit": "5"}, "condition": "clear", "cause": "slip", "at": house.clock}
    adjudicate(task_id=first.pk, by=house.lena, **given)
    assert told(house, "dispute")["luis"] == "1 task in Digits waits for a lead to settle."
    adjudicate(task_id=second.pk, by=house.lena, **given)
    assert told(house, "dispute") == {}
    assert Notification.objects.filter(kind="dispute").count() == 3


def test_a_decision_that_is_taken_back_waits_for_a_lead_again(house: House) -> None:
    task = dispute(house, "a")
    given = {"answers": {"digit": "5"}, "condition": "clear", "cause": "slip", "at": house.clock}
    adjudicate(task_id=task.pk, by=house.lena, **given)
    reopen_task(task_id=task.pk, by=house.lena, why="read it again", at=house.clock)
    assert told(house, "dispute")["luis"] == "1 task in Digits waits for a lead to settle."


def test_settling_one_is_no_news_to_a_lead_who_has_read_of_them(house: House) -> None:
    first, _ = dispute(house, "a"), dispute(house, "b")
    Notification.objects.filter(person=house.lena).update(read_at=house.clock)
    given = {"answers": {"digit": "5"}, "condition": "clear", "cause": "slip", "at": house.clock}
    adjudicate(task_id=first.pk, by=house.luis, **given)
    assert "lena" not in told(house, "dispute")


def test_an_escalation_is_for_leads(house: House) -> None:
    house.task("a")
    lease = house.lease(house.erin)
    assert lease is not None
    decline(verb="escalate", assignment_id=lease.pk, person=house.erin, reason="needs_expert", at=house.clock)
    assert told(house, "dispute")["luis"] == "1 task in Digits waits for a lead to settle."


def test_a_proposal_is_for_every_lead_but_its_author(house: House) -> None:
    proposal = Turn(house).proposal()
    assert set(told(house, "proposal")) == {"luis"}

    digest = proposal.curriculum.digest
    values = {"proposal_id": proposal.pk, "project": house.project, "by": house.luis, "at": house.clock}
    approve_proposal(digest=digest, **values)
    assert told(house, "proposal") == {}
    assert told(house, "decision") == {
        "lena": "luis approved your curriculum v1 in Digits; it is trained now."
    }


def test_what_is_sent_back_is_its_authors_turn(house: House) -> None:
    proposal = Turn(house).proposal()
    values = {"proposal_id": proposal.pk, "project": house.project, "reason": "too little", "at": house.clock}
    send_back_proposal(by=house.luis, **values)
    assert told(house, "decision") == {
        "lena": "luis sent your curriculum v1 in Digits back: read why, and mend it."
    }


def test_who_withdraws_their_own_proposal_is_told_nothing(house: House) -> None:
    proposal = Turn(house).proposal()
    values = {"proposal_id": proposal.pk, "project": house.project, "reason": "a slip", "at": house.clock}
    send_back_proposal(by=house.lena, **values)
    assert (told(house, "proposal"), told(house, "decision")) == ({}, {})


def test_a_newer_proposal_takes_the_place_of_the_older(house: House) -> None:
    turn = Turn(house)
    turn.proposal()
    turn.proposal("better")
    assert notifications_of(person=house.luis, unread=True).filter(kind="proposal").count() == 1


def test_the_end_of_a_run_is_told_to_who_started_it(house: House) -> None:
    Turn(house).dataset()
    run = house.project.snapshot_runs.get()
    assert told(house, "run_done") == {"lena": f"Dataset {run.pk} in Digits is done."}


def test_a_run_that_fails_says_why_to_who_started_it(house: House) -> None:
    run = start_snapshot(project=house.project, by=house.lena, at=house.clock)
    held = claim(SnapshotRun, run.pk, at=house.clock)
    fail(held, error="There is nothing to cut.", at=house.clock)
    assert told(house, "run_failed") == {
        "lena": f"Dataset {run.pk} in Digits has failed. There is nothing to cut."
    }


def test_a_verdict_is_for_leads_until_one_has_decided(house: House) -> None:
    gate = Turn(house).gate()
    words = "The gate says pass of model v1 in Digits: decide on it."
    assert told(house, "gate") == {"lena": words, "luis": words}
    promote(gate_id=gate.pk, project=house.project, by=house.luis, at=house.clock)
    assert told(house, "gate") == {}
    assert told(house, "round") == {}, "before round 1 there is nothing to reflect on"


def test_an_override_is_for_another_lead(house: House) -> None:
    gate = Turn(house).gate(right=0.1)
    Notification.objects.update(read_at=house.clock)
    ask_override(gate_id=gate.pk, project=house.project, by=house.lena, reason="urgent", at=house.clock)
    assert set(told(house, "gate")) == {"luis"}
    assert told(house, "gate")["luis"].startswith("lena asks to override the gate")


def test_a_decided_round_is_to_be_reflected_on_until_it_is_closed(house: House) -> None:
    turn = Turn(house)
    row = turn.round()
    gate = turn.gate()
    reject(gate_id=gate.pk, project=house.project, by=house.luis, reason="worse", at=house.clock)
    assert set(told(house, "round")) == {"lena", "luis"}

    lesson = Lesson(*["words"] * 4)
    close_round(round_id=row.pk, project=house.project, by=house.lena, lesson=lesson, at=house.clock)
    assert told(house, "round") == {}
