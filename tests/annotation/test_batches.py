"""Many tasks at once: who gets how many, for how long, and what becomes of each answer."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.annotation.bulk import BATCH_SECONDS, fair_share, why_not_in_bulk
from apps.annotation.domain import gold_is_due
from apps.annotation.errors import NotInBulk
from apps.annotation.models import Assignment, AssignmentState, Queue, Task, TaskState
from apps.annotation.queries.desk import newest_assignment_id
from apps.annotation.services.answers import reopen, save_draft
from apps.annotation.services.batches import (
    keep_batch,
    lease_batch,
    release_batch,
    skip_batch,
    submit_batch,
)
from apps.annotation.services.leases import expire_leases
from apps.annotation.services.tasks import pause_queue
from apps.core.errors import BadInput, NotAllowed
from apps.core.models import Event
from apps.projects.domain import check_protocol
from apps.projects.services import add_protocol
from tests.conftest import PROTOCOL

pytestmark = pytest.mark.django_db


def batch(house, person, n=10):
    return lease_batch(queue=house.queue, person=person, n=n, at=house.clock)


def keys(assignments):
    return [one.task.example.key for one in assignments]


def tasks(house, n, **values):
    for place in range(n):
        house.task(f"k{place:03}", **values)


def send(house, person, assignments, label="3", **values):
    rows = [(one.pk, house.answer(label, request_key=f"key-{one.pk}", **values)) for one in assignments]
    return submit_batch(project=house.project, person=person, answers=rows, at=house.clock)


def codes(outcomes):
    return [outcome.error.code if outcome.error else "" for outcome in outcomes]


# Whether it is offered


def asked(*more, **target):
    first = {**PROTOCOL["questions"][0], **target}
    return check_protocol({**PROTOCOL, "questions": [first, *more]})


def test_one_required_choice_is_answered_in_bulk_whatever_is_optional_beside_it():
    assert why_not_in_bulk(check_protocol(PROTOCOL)) == ""


def test_a_second_required_question_is_named_as_what_stands_against_it():
    second = {**PROTOCOL["questions"][1], "required": True, "title": "Legible?"}
    assert "“Legible?”" in why_not_in_bulk(asked(second))


def test_a_target_that_is_rated_is_not_answered_in_bulk():
    rated = {**PROTOCOL["questions"][1], "name": "r", "target": True, "required": True}
    assert "is a rating" in why_not_in_bulk(check_protocol({**PROTOCOL, "questions": [rated]}))


def test_no_batch_is_leased_under_a_protocol_that_asks_more(house):
    second = {**PROTOCOL["questions"][1], "required": True}
    body = {**PROTOCOL, "questions": [PROTOCOL["questions"][0], second]}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a")
    with pytest.raises(NotInBulk, match="It requires “legibility”"):
        batch(house, house.erin)
    assert not Assignment.objects.exists()


# Who gets how many


@given(free=st.integers(0, 10_000), others=st.integers(0, 200))
def test_a_fair_share_leaves_something_for_whoever_else_is_there(free, others):
    share = fair_share(free, others=others)
    assert 0 <= share <= free
    assert share > 0 or free == 0
    assert others == 0 or share * (others + 1) < free + others + 1
    assert others or share <= max(10, (free + 1) // 2)


def test_a_batch_comes_in_the_order_in_which_a_desk_is_served(house):
    house.task("low", priority=0.1)
    house.task("first", priority=0.9)
    house.task("second", priority=0.9)
    assert keys(batch(house, house.erin)) == ["first", "second", "low"]


def test_a_batch_holds_no_more_than_was_asked_for(house):
    tasks(house, 40)
    assert len(batch(house, house.erin, 12)) == 12


def test_a_batch_takes_at_most_half_of_what_is_open_and_less_where_others_work(house):
    tasks(house, 60, overlap=3)
    assert len(batch(house, house.erin, 100)) == 30
    house.lease(house.emil)
    assert len(batch(house, house.ella, 100)) == 20  # 60 are free to her, and three are at work


def test_the_last_few_go_to_one_person_whole_where_nobody_else_works(house):
    tasks(house, 8, overlap=1)
    assert len(batch(house, house.erin)) == 8


def test_asked_again_it_is_the_same_batch_with_a_lease_that_runs_on(house):
    tasks(house, 40)
    first = batch(house, house.erin, 10)
    house.later(seconds=200)
    again = batch(house, house.erin, 10)
    assert [one.pk for one in again] == [one.pk for one in first]
    assert again[0].lease_expires_at == house.clock + timedelta(seconds=BATCH_SECONDS)


def test_what_is_on_the_desk_is_among_the_batch_and_keeps_its_longer_lease(house):
    tasks(house, 40)
    held = house.lease(house.erin)
    found = batch(house, house.erin, 10)
    assert len(found) == 10
    assert found[0] == held
    assert found[0].lease_expires_at == held.lease_expires_at


def test_a_reopened_answer_is_for_the_desk(house):
    tasks(house, 40)
    done = house.submit(house.erin)
    reopen(assignment_id=done.pk, person=house.erin, at=house.clock)
    assert done.pk not in [one.pk for one in batch(house, house.erin, 10)]


def test_what_was_answered_or_skipped_does_not_come_again(house):
    tasks(house, 12)
    first = batch(house, house.erin, 3)
    send(house, house.erin, first[:1])
    skip_batch(
        project=house.project,
        person=house.erin,
        assignment_ids=[first[1].pk],
        reason="unsure",
        at=house.clock,
    )
    assert not {first[0].pk, first[1].pk} & {one.pk for one in batch(house, house.erin, 12)}


def test_a_lease_that_ran_out_is_taken_up_again_with_its_draft_and_its_event(house):
    house.task("a")
    (lease,) = batch(house, house.erin)
    draft = {"answers": {"digit": "5"}}
    save_draft(assignment_id=lease.pk, person=house.erin, draft=draft, at=house.clock)
    expire_leases(at=house.later(hours=1))
    (again,) = batch(house, house.erin)
    assert (again.pk, again.draft) == (lease.pk, draft)
    assert Event.objects.filter(kind="assignment.leased", object_id=str(lease.pk)).count() == 1


def test_a_paused_queue_gives_no_more_than_what_is_held(house):
    tasks(house, 40)
    held = house.lease(house.erin)
    pause_queue(queue=house.queue, by=house.lena, at=house.clock)
    assert batch(house, house.erin) == [held]
    assert batch(house, house.emil) == []


def test_a_batch_is_no_longer_kept_than_the_queue_keeps_a_task(house):
    Queue.objects.filter(pk=house.queue.pk).update(lease_seconds=60)
    house.task("a")
    (lease,) = batch(house, house.erin)
    assert lease.lease_expires_at == house.clock + timedelta(seconds=60)


@pytest.mark.parametrize("n", [0, -1, 101])
def test_a_batch_of_no_size_or_of_too_many_is_refused(house, n):
    with pytest.raises(BadInput, match="1 to 100"):
        batch(house, house.erin, n)


def test_who_may_not_annotate_gets_no_batch(house):
    house.task("a")
    with pytest.raises(NotAllowed):
        batch(house, house.ada)


# Gold


def gold_and_others(house, *, rate, n=60):
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=rate)
    for place in range(n):
        house.task(f"gold-{place}", reason="gold", overlap=1000)
        house.task(f"task-{place}", overlap=3)


def test_gold_comes_by_the_desks_own_draw_and_stands_where_a_desk_would_have_served_it(house):
    gold_and_others(house, rate=0.3)
    after = newest_assignment_id(queue=house.queue, person=house.erin)
    found = batch(house, house.erin, 30)
    drawn = [
        gold_is_due(queue_id=house.queue.pk, person_id=house.erin.pk, after=after + n, rate=0.3)
        for n in range(30)
    ]
    assert [one.task.reason == "gold" for one in sorted(found, key=lambda one: one.pk)] == drawn
    assert 3 <= sum(drawn) <= 15


def test_gold_that_has_run_out_makes_room_for_others(house):
    gold_and_others(house, rate=0.5)
    Task.objects.filter(reason="gold").exclude(example__key="gold-0").update(state=TaskState.WITHDRAWN)
    found = Counter(one.task.reason for one in batch(house, house.erin, 20))
    assert found == {"gold": 1, "margin": 19}


# How long it is kept


def test_a_heartbeat_keeps_all_that_is_held_and_says_what_is_not(house):
    tasks(house, 12)
    found = batch(house, house.erin, 3)
    send(house, house.erin, found[:1])
    events = Event.objects.count()
    kept = keep_batch(
        project=house.project,
        person=house.erin,
        assignment_ids=[one.pk for one in found],
        at=house.later(seconds=200),
    )
    assert kept == [found[1].pk, found[2].pk]
    assert expire_leases(at=house.later(seconds=200)) == 0
    assert Event.objects.count() == events


def test_nobody_keeps_or_gives_back_what_somebody_else_holds(house):
    tasks(house, 12)
    ids = [one.pk for one in batch(house, house.erin, 3)]
    told = {"project": house.project, "person": house.emil, "assignment_ids": ids, "at": house.clock}
    assert keep_batch(**told) == []
    assert release_batch(**told) == []
    assert codes(skip_batch(**told, reason="other")) == ["not_found"] * 3
    assert Assignment.objects.filter(state=AssignmentState.LEASED).count() == 3


def test_what_is_given_back_is_free_for_others_at_once_and_what_was_answered_stays(house):
    tasks(house, 8, overlap=1)
    found = batch(house, house.erin)
    send(house, house.erin, found[:2])
    ids = [one.pk for one in found]
    released = release_batch(project=house.project, person=house.erin, assignment_ids=ids, at=house.clock)
    assert sorted(released) == sorted(ids[2:])
    assert len(batch(house, house.emil)) == 6
    assert Event.objects.filter(kind="assignment.expired", data__why="released").count() == 6
