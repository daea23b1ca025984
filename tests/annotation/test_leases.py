"""Who labels what next, and what becomes of a lease."""

from __future__ import annotations

from collections import Counter

import pytest

from apps.annotation.models import Assignment, AssignmentState, Queue, Task, TaskState
from apps.annotation.queries.desk import why_empty
from apps.annotation.services.declining import decline
from apps.annotation.services.leases import expire_leases, keep_lease, release
from apps.annotation.services.tasks import pause_queue, resume_queue, withdraw_tasks
from apps.core.errors import BadInput, IllegalMove, NotFound
from apps.core.models import Event

pytestmark = pytest.mark.django_db


def test_the_highest_priority_is_served_first_then_the_oldest(house):
    house.task("low", priority=0.1)
    house.task("first", priority=0.9)
    house.task("second", priority=0.9)
    served = [house.submit(house.erin).task.example.key for _ in range(3)]
    assert served == ["first", "second", "low"]


def test_a_reload_shows_the_same_task_again(house):
    house.task("a")
    house.task("b")
    assert house.lease(house.erin) == house.lease(house.erin)


def test_a_task_is_never_served_twice_to_one_person(house):
    house.task("a", overlap=3)
    house.submit(house.erin)
    assert house.lease(house.erin) is None


def test_a_task_is_leased_to_no_more_people_than_its_overlap(house):
    house.task("a", overlap=2)
    leases = [house.lease(person) for person in (house.erin, house.emil, house.ella)]
    assert [lease is not None for lease in leases] == [True, True, False]


def test_open_slots_follow_leases_skips_and_expiries(house):
    task = house.task("a", overlap=2)
    first = house.lease(house.erin)
    house.lease(house.emil)
    task.refresh_from_db()
    assert task.open_slots == 0
    decline(verb="skip", assignment_id=first.pk, person=house.erin, reason="unsure", at=house.clock)
    task.refresh_from_db()
    assert task.open_slots == 1
    expire_leases(at=house.later(hours=1))
    task.refresh_from_db()
    assert task.open_slots == 2


def test_a_skipped_task_goes_to_others_and_not_back_to_who_skipped_it(house):
    house.task("a", overlap=1)
    lease = house.lease(house.erin)
    decline(
        verb="skip", assignment_id=lease.pk, person=house.erin, reason="conflict_of_interest", at=house.clock
    )
    assert house.lease(house.erin) is None
    assert house.lease(house.emil).task.example.key == "a"


def test_a_skip_needs_a_known_reason(house):
    house.task("a")
    lease = house.lease(house.erin)
    with pytest.raises(BadInput, match="choose one of"):
        decline(verb="skip", assignment_id=lease.pk, person=house.erin, reason="bored", at=house.clock)


def test_an_expired_lease_frees_the_task_and_can_be_taken_up_again_with_its_draft(house):
    house.task("a", overlap=1)
    lease = house.lease(house.erin)
    Assignment.objects.filter(pk=lease.pk).update(draft={"answers": {"digit": "5"}})
    assert expire_leases(at=house.later(hours=1)) == 1
    again = house.lease(house.erin)
    assert again.pk == lease.pk
    assert again.draft == {"answers": {"digit": "5"}}
    assert Event.objects.filter(kind="assignment.leased", object_id=str(lease.pk)).count() == 1


def test_a_heartbeat_keeps_the_lease_and_is_not_an_event(house):
    house.task("a")
    lease = house.lease(house.erin)
    before = Event.objects.count()
    keep_lease(assignment_id=lease.pk, person=house.erin, at=house.later(minutes=9))
    assert expire_leases(at=house.later(minutes=9)) == 0
    assert Event.objects.count() == before


def test_a_released_task_is_free_at_once(house):
    house.task("a", overlap=1)
    lease = house.lease(house.erin)
    release(assignment_id=lease.pk, person=house.erin, at=house.clock)
    assert house.lease(house.emil) is not None


def test_an_escalated_task_leaves_the_queue(house):
    task = house.task("a")
    lease = house.lease(house.erin)
    decline(
        verb="escalate",
        assignment_id=lease.pk,
        person=house.erin,
        reason="data_problem",
        note="torn",
        at=house.clock,
    )
    task.refresh_from_db()
    assert task.state == TaskState.ESCALATED
    assert house.lease(house.emil) is None


def test_nobody_can_act_on_somebody_elses_lease(house):
    house.task("a")
    lease = house.lease(house.erin)
    for act in (
        release,
        lambda **kw: decline(verb="skip", reason="other", **kw),
        lambda **kw: decline(verb="escalate", reason="other", **kw),
        lambda **kw: decline(verb="exclude", reason="other", **kw),
    ):
        with pytest.raises(NotFound):
            act(assignment_id=lease.pk, person=house.emil, at=house.clock)


def test_a_closed_assignment_cannot_be_skipped(house):
    house.task("a")
    done = house.submit(house.erin)
    with pytest.raises(IllegalMove):
        decline(verb="skip", assignment_id=done.pk, person=house.erin, reason="other", at=house.clock)


def test_a_paused_queue_serves_nothing_new_but_leaves_what_is_held(house):
    house.task("a")
    house.task("b")
    held = house.lease(house.erin)
    pause_queue(queue=house.queue, by=house.lena, at=house.clock)
    assert house.lease(house.erin) == held
    assert house.lease(house.emil) is None
    assert why_empty(queue=house.queue, person=house.emil, at=house.clock).code == "paused"
    resume_queue(queue=house.queue, by=house.lena, at=house.clock)
    assert house.lease(house.emil) is not None


def test_an_empty_queue_says_why(house):
    def code(person):
        return why_empty(queue=house.queue, person=person, at=house.clock).code

    assert code(house.erin) == "all_done"
    house.task("a", overlap=2)
    house.submit(house.erin)
    assert code(house.erin) == "answered_the_rest"
    house.lease(house.emil)
    assert code(house.ella) == "all_leased"
    assert why_empty(queue=None, person=house.ella, at=house.clock).code == "no_queue"


def test_gold_comes_at_the_rate_of_the_queue_and_never_alone(house):
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0.25)
    for n in range(40):
        house.task(f"gold-{n}", reason="gold", overlap=1000)
        house.task(f"task-{n}", overlap=1)
    served, after = Counter(), 0
    for _ in range(48):
        assignment = house.lease(house.erin, after=after)
        if assignment is None:
            break
        served[assignment.task.reason] += 1
        after = assignment.pk
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.SKIPPED)
    assert 5 <= served["gold"] <= 20
    assert served["margin"] >= 25


def served(house, person, *, n):
    """The next `n` tasks that this person is given, each skipped."""
    tasks, after = [], 0
    for _ in range(n):
        assignment = house.lease(person, after=after)
        tasks.append(assignment.task_id)
        after = assignment.pk
        decline(verb="skip", assignment_id=assignment.pk, person=person, reason="other", at=house.clock)
    return tasks


def test_gold_is_not_served_to_who_has_judged_its_example_before(house):
    """When all else is new, an example that comes a second time would tell that it is gold."""
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0.5)
    for n in range(40):
        house.task(f"task-{n}", overlap=2)
    first = house.task("g", reason="gold", overlap=100)
    assert first.pk in served(house, house.erin, n=20)
    withdraw_tasks(tasks=Task.objects.filter(pk=first.pk), by=house.luis, at=house.clock, why="round closed")
    again = house.task("g", reason="gold", overlap=100)
    assert again.pk not in served(house, house.erin, n=20)
    assert again.pk in served(house, house.emil, n=20)


def test_the_same_history_is_served_the_same_gold(house):
    from apps.annotation.domain import gold_is_due

    draws = [gold_is_due(queue_id=1, person_id=2, after=n, rate=0.1) for n in range(5_000)]
    assert draws == [gold_is_due(queue_id=1, person_id=2, after=n, rate=0.1) for n in range(5_000)]
    assert 0.08 < sum(draws) / len(draws) < 0.12


def test_the_database_itself_refuses_one_answer_too_many(house):
    from django.db import IntegrityError, transaction

    task = house.task("a", overlap=1)
    house.lease(house.erin)
    with pytest.raises(IntegrityError, match="never_more_than_overlap"), transaction.atomic():
        Assignment.objects.create(
            task=task, person=house.emil, leased_at=house.clock, lease_expires_at=house.clock
        )
    assert Task.objects.get(pk=task.pk).open_slots == 0
