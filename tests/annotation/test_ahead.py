"""One task ahead: leased while the one before it is being answered, shown at once, given back when it is not used."""

from __future__ import annotations

import pytest

from apps.annotation.domain import gold_is_due
from apps.annotation.models import LIVE, Assignment, Queue, Task
from apps.annotation.services.answers import save_draft, submit_and_lease_next
from apps.annotation.services.declining import decline
from apps.annotation.services.leases import AHEAD_SECONDS, expire_leases, keep_lease, lease_ahead
from apps.annotation.services.tasks import pause_queue

pytestmark = pytest.mark.django_db


def ahead(house, person, showing):
    return lease_ahead(queue=house.queue, person=person, showing=showing.pk, at=house.clock)


def seconds(house, assignment):
    assignment.refresh_from_db()
    return (assignment.lease_expires_at - house.clock).total_seconds()


def held_by(person):
    return Assignment.objects.filter(person=person, state__in=LIVE, current=None).count()


def test_a_person_holds_at_most_what_they_look_at_and_one_ahead(house):
    for n in range(5):
        house.task(f"k{n}")
    current = house.lease(house.erin)
    following = ahead(house, house.erin, current)
    assert following.pk not in {None, current.pk}
    assert ahead(house, house.erin, current) == following
    assert held_by(house.erin) == 2
    assert house.lease(house.erin) == current


def test_a_task_ahead_is_kept_for_two_minutes_and_then_free_for_others(house):
    house.task("a", priority=1)
    house.task("b", overlap=1)
    current = house.lease(house.erin)
    following = ahead(house, house.erin, current)
    assert seconds(house, following) == AHEAD_SECONDS
    house.submit(house.emil)
    assert house.lease(house.emil) is None
    expire_leases(at=house.later(seconds=AHEAD_SECONDS))
    assert house.lease(house.emil).task.example.key == "b"


def test_work_on_the_task_in_hand_keeps_the_one_ahead(house):
    house.task("a", priority=1)
    house.task("b")
    current = house.lease(house.erin)
    following = ahead(house, house.erin, current)
    house.later(seconds=100)
    keep_lease(assignment_id=current.pk, person=house.erin, at=house.clock)
    assert seconds(house, following) == AHEAD_SECONDS
    house.later(seconds=100)
    save_draft(assignment_id=current.pk, person=house.erin, draft={}, at=house.clock)
    assert seconds(house, following) == AHEAD_SECONDS


def submit_showing(house, person, done, showing):
    return submit_and_lease_next(
        assignment_id=done.pk,
        person=person,
        answer=house.answer(),
        showing=showing.pk,
        at=house.later(seconds=5),
    )


def test_a_submit_leases_the_one_after_what_is_shown_already_and_that_one_in_full(house):
    for n in range(3):
        house.task(f"k{n}", priority=-n)
    first = house.lease(house.erin)
    second = ahead(house, house.erin, first)
    _, third = submit_showing(house, house.erin, first, second)
    assert third.task.example.key == "k2"
    assert seconds(house, second) == house.queue.lease_seconds
    assert seconds(house, third) == AHEAD_SECONDS
    assert held_by(house.erin) == 2


def test_a_task_ahead_that_comes_on_the_desk_by_itself_is_leased_in_full(house):
    house.task("a", priority=1)
    house.task("b")
    first = house.lease(house.erin)
    second = ahead(house, house.erin, first)
    decline(verb="skip", assignment_id=first.pk, person=house.erin, reason="unsure", at=house.clock)
    assert house.lease(house.erin) == second
    assert seconds(house, second) == house.queue.lease_seconds


def test_a_paused_queue_hands_out_nothing_ahead(house):
    house.task("a")
    house.task("b")
    current = house.lease(house.erin)
    pause_queue(queue=house.queue, by=house.lena, at=house.clock)
    assert ahead(house, house.erin, current) is None


def test_gold_comes_by_the_same_draw_with_one_ahead_as_without(house):
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0.4)
    for n in range(20):
        house.task(f"gold-{n}", reason="gold", overlap=1000)
        house.task(f"task-{n}", overlap=1)
    queue = house.queue
    shown = house.lease(house.erin)
    for _ in range(15):
        due = gold_is_due(queue_id=queue.pk, person_id=house.erin.pk, after=shown.pk, rate=0.4)
        following = ahead(house, house.erin, shown)
        assert (following.task.reason == Task.Reason.GOLD) == due
        decline(verb="skip", assignment_id=shown.pk, person=house.erin, reason="other", at=house.clock)
        shown = following
