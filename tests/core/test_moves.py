"""Moves are checked, compared and set, with their event in the same transaction."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from apps.annotation.models import Annotation, Assignment, AssignmentState, Task, TaskState
from apps.core.errors import IllegalMove, LostRace
from apps.core.models import Event
from apps.core.moves import move

pytestmark = pytest.mark.django_db


def test_a_move_changes_the_row_and_leaves_its_event(house, at):
    task = house.task("a")
    move(task, to=TaskState.WITHDRAWN, at=at, actor=house.lena, data={"why": "a test"}, closed_at=at)
    assert Task.objects.get(pk=task.pk).state == TaskState.WITHDRAWN
    event = Event.objects.get(kind="task.withdrawn")
    assert (event.actor, event.object_id, event.project_id) == (house.lena, str(task.pk), house.project.pk)
    assert event.data == {"origin": "open", "why": "a test"}


def test_a_move_the_table_does_not_know_is_refused(house, at):
    task = house.task("a")
    with pytest.raises(IllegalMove, match="This task cannot be settled: it is open"):
        move(task, to=TaskState.SETTLED, at=at)
    assert not Event.objects.filter(kind="task.settled").exists()


def test_a_row_that_has_ended_says_who_ended_it_and_when(house, at):
    task = house.task("a")
    move(task, to=TaskState.WITHDRAWN, at=at, actor=house.lena)
    stamp = re.escape("(by lena, 2 November 2026 09:00 UTC).")
    with pytest.raises(IllegalMove, match=f"This task is already withdrawn {stamp}"):
        move(task, to=TaskState.WITHDRAWN, at=at)
    with pytest.raises(IllegalMove, match=f"cannot be settled any more: it is withdrawn {stamp}"):
        move(task, to=TaskState.SETTLED, at=at)


def test_who_opened_a_conflict_is_not_told_to_who_settles_it(house, at):
    task = house.task("a")
    move(task, to=TaskState.CONFLICT, at=at, actor=house.erin)
    with pytest.raises(IllegalMove) as refusal:
        move(task, to=TaskState.CONFLICT, at=at)
    assert refusal.value.message == "This task is already in conflict."


def test_whoever_read_an_older_state_loses_the_race(house, at):
    task = house.task("a")
    stale = Task.objects.get(pk=task.pk)
    move(task, to=TaskState.AGREED, at=at)
    with pytest.raises(LostRace):
        move(stale, to=TaskState.WITHDRAWN, at=at)
    assert Task.objects.get(pk=task.pk).state == TaskState.AGREED


def test_an_event_is_undone_with_its_change(house, at):
    task = house.task("a")
    with transaction.atomic():
        move(task, to=TaskState.AGREED, at=at)
        transaction.set_rollback(True)
    assert Task.objects.get(pk=task.pk).state == TaskState.OPEN
    assert not Event.objects.filter(kind="task.agreed").exists()


@pytest.mark.django_db(transaction=True)
def test_a_move_outside_a_transaction_is_refused(house, at):
    task = house.task("a")
    with pytest.raises(TransactionManagementError):
        move(task, to=TaskState.AGREED, at=at)


def an_answer(claim, at):
    return Annotation(
        assignment=claim,
        protocol=claim.task.queue.protocol,
        answers={"digit": "3"},
        suggestion=None,
        request_key="a",
        at=at,
    )


def test_a_new_row_comes_with_the_move_that_names_it(house, at):
    house.task("a")
    claim = house.lease(house.erin)
    answer = an_answer(claim, at)
    move(claim, to=AssignmentState.SUBMITTED, at=at, current=answer, closed_at=at)
    assert Assignment.objects.get(pk=claim.pk).current == Annotation.objects.get() == answer
    assert Annotation.objects.get().suggestion is None
    assert Event.objects.get(kind="assignment.submitted").object_id == str(claim.pk)


def test_a_new_row_is_lost_with_the_race(house, at):
    house.task("a")
    claim = house.lease(house.erin)
    stale = Assignment.objects.get(pk=claim.pk)
    move(claim, to=AssignmentState.SKIPPED, at=at)
    with pytest.raises(LostRace), transaction.atomic():
        move(stale, to=AssignmentState.SUBMITTED, at=at, current=an_answer(stale, at))
    assert not Annotation.objects.exists()
