"""Runs are claimed by one worker, beat, end once, and are woken again when neglected."""

from __future__ import annotations

import pytest
from django.db import transaction

from apps.core.errors import IllegalMove, LostRace
from apps.core.models import Event, RunState
from apps.core.runs import (
    MAX_ATTEMPTS,
    ClaimLost,
    RunCancelled,
    beat,
    cancel,
    claim,
    fail,
    finish,
    lock_claimed,
    neglected,
    retry,
    revive,
)
from apps.datasets.models import SnapshotRun
from apps.datasets.services import start_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(house):
    return start_snapshot(project=house.project, by=house.lena, at=house.clock)


def end(run, at):
    with transaction.atomic():
        finish(lock_claimed(run), at=at)


def test_a_run_is_claimed_once(run, at):
    claim(SnapshotRun, run.pk, at=at)
    with pytest.raises(LostRace):
        claim(SnapshotRun, run.pk, at=at)


def test_a_worker_that_was_taken_over_can_record_nothing(house, run):
    first = claim(SnapshotRun, run.pk, at=house.clock)
    silent = SnapshotRun.objects.get(pk=run.pk)
    revive(silent, at=house.later(minutes=5))
    second = claim(SnapshotRun, run.pk, at=house.clock)
    with pytest.raises(ClaimLost):
        beat(first, at=house.clock)
    with pytest.raises(ClaimLost):
        end(first, house.clock)
    end(second, house.clock)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.DONE, 2)


def test_a_silent_run_is_neglected_and_a_beating_one_is_not(house, run):
    held = claim(SnapshotRun, run.pk, at=house.clock)
    assert not neglected(SnapshotRun, at=house.later(seconds=20)).exists()
    beat(held, at=house.clock, done=1)
    assert not neglected(SnapshotRun, at=house.later(seconds=20)).exists()
    assert neglected(SnapshotRun, at=house.later(seconds=20)).exists()


def test_a_queued_run_whose_wake_up_was_lost_is_neglected(house, run):
    assert not neglected(SnapshotRun, at=house.clock).exists()
    assert neglected(SnapshotRun, at=house.later(minutes=1)).get() == run


def test_a_run_whose_worker_keeps_dying_fails_with_a_sentence(house, run):
    for _ in range(MAX_ATTEMPTS):
        claim(SnapshotRun, run.pk, at=house.clock)
        revive(SnapshotRun.objects.get(pk=run.pk), at=house.later(minutes=5))
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "died 4 times" in run.error


def test_cancelling_a_waiting_run_is_immediate_and_a_running_one_hears_it(house, run, at):
    held = claim(SnapshotRun, run.pk, at=at)
    cancel(run=run, by=house.lena, at=at)
    with pytest.raises(RunCancelled):
        beat(held, at=at)
    other = start_snapshot(project=house.project, by=house.lena, at=at)
    cancel(run=other, by=house.lena, at=at)
    other.refresh_from_db()
    assert other.state == RunState.CANCELLED


def test_who_asked_a_running_run_to_stop_is_in_the_audit_chain_once(house, run, at):
    claim(SnapshotRun, run.pk, at=at)
    for person in (house.lena, house.luis):
        cancel(run=run, by=person, at=at)
    asked = Event.objects.get(kind="snapshotrun.cancel_asked")
    assert (asked.actor, asked.object_id, asked.project_id) == (house.lena, str(run.pk), house.project.pk)


def test_a_failed_run_can_be_retried_and_a_done_one_cannot(house, run, at):
    fail(claim(SnapshotRun, run.pk, at=at), error="No luck.", at=at)
    retry(run=run, by=house.lena, at=at)
    run.refresh_from_db()
    assert (run.state, run.error, run.attempts) == (RunState.QUEUED, "", 0)
    end(claim(SnapshotRun, run.pk, at=at), at)
    with pytest.raises(IllegalMove):
        retry(run=run, by=house.lena, at=at)


def test_two_sweepers_revive_a_run_once(house, run):
    claim(SnapshotRun, run.pk, at=house.clock)
    seen_by_both = SnapshotRun.objects.get(pk=run.pk)
    also = SnapshotRun.objects.get(pk=run.pk)
    revive(seen_by_both, at=house.later(minutes=5))
    with pytest.raises(LostRace):
        revive(also, at=house.clock)
