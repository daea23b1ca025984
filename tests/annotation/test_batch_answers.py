"""What becomes of the answers of a batch: each by itself, once, whoever else is at work."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connection

from apps.annotation.models import Annotation, Assignment, AssignmentState, Task, TaskState
from apps.annotation.services.answers import submit_annotation
from apps.annotation.services.batches import lease_batch, submit_batch
from apps.annotation.services.leases import expire_leases
from apps.annotation.services.tasks import withdraw_tasks
from apps.core.errors import BadInput
from apps.core.events import seal_events, verify_chain
from apps.core.models import Event
from apps.projects.services import create_project, set_member
from tests.annotation.test_batches import batch, codes, send, tasks

pytestmark = pytest.mark.django_db


def test_each_example_gets_an_annotation_of_its_own_with_its_own_key_and_time(house):
    tasks(house, 8)
    found = batch(house, house.erin, 4)
    rows = [(one.pk, house.answer("5", active_ms=100 * place)) for place, one in enumerate(found)]
    outcomes = submit_batch(project=house.project, person=house.erin, answers=rows, at=house.clock)
    assert codes(outcomes) == [""] * 4
    kept = Annotation.objects.order_by("active_ms")
    assert [(one.assignment_id, one.active_ms) for one in kept] == [
        (one.pk, 100 * place) for place, one in enumerate(found)
    ]
    assert len({one.request_key for one in kept}) == 4
    assert {one.answers["digit"] for one in kept} == {"5"}
    assert Event.objects.filter(kind="assignment.submitted").count() == 4


def test_a_batch_closes_the_tasks_that_have_all_their_answers(house):
    tasks(house, 6, overlap=2)
    send(house, house.erin, batch(house, house.erin), "3")
    found = batch(house, house.emil)
    send(house, house.emil, found[:3], "3")
    send(house, house.emil, found[3:], "5")
    assert Counter(Task.objects.values_list("state", flat=True)) == {"agreed": 3, "conflict": 3}


def test_a_batch_that_is_sent_again_counts_once(house):
    tasks(house, 8)
    found = batch(house, house.erin, 4)
    first = [outcome.annotation.pk for outcome in send(house, house.erin, found)]
    again = [outcome.annotation.pk for outcome in send(house, house.erin, found)]
    assert again == first
    assert Annotation.objects.count() == 4


def test_what_was_lost_meanwhile_is_told_in_its_row_and_takes_no_other_with_it(house):
    tasks(house, 8, overlap=2)
    found = batch(house, house.erin, 4)
    submit_annotation(assignment_id=found[0].pk, person=house.erin, answer=house.answer("8"), at=house.clock)
    withdraw_tasks(
        tasks=Task.objects.filter(pk=found[1].task_id), by=house.lena, at=house.clock, why="enough"
    )
    rows = [(one.pk, house.answer("3")) for one in found]
    rows[2] = (found[2].pk, house.answer("7"))
    rows.append((999_999, house.answer("3")))
    rows.append((found[3].pk, BadInput("active_ms must be a whole number.", field="active_ms")))
    outcomes = submit_batch(project=house.project, person=house.erin, answers=rows, at=house.clock)
    assert codes(outcomes) == ["already_answered", "", "bad_input", "", "not_found", "bad_input"]
    assert [outcome.assignment_id for outcome in outcomes] == [pk for pk, _ in rows]
    states = dict(Assignment.objects.values_list("pk", "state"))
    assert states[found[1].pk] == AssignmentState.SURPLUS
    assert states[found[2].pk] == AssignmentState.LEASED
    assert states[found[3].pk] == AssignmentState.SUBMITTED


def test_an_answer_whose_lease_ran_out_counts_while_the_task_has_room(house):
    tasks(house, 2, overlap=1)
    found = batch(house, house.erin)
    expire_leases(at=house.later(hours=1))
    house.submit(house.emil)
    outcomes = send(house, house.erin, found)
    assert sorted(one.annotation.assignment.state for one in outcomes) == ["submitted", "surplus"]


def test_gold_and_audit_want_confidence_of_every_row(house):
    house.task("a", reason="audit")
    (lease,) = batch(house, house.erin)
    assert codes(send(house, house.erin, [lease], confidence=None)) == ["bad_input"]
    assert codes(send(house, house.erin, [lease], confidence=2)) == [""]


def test_an_example_that_cannot_be_used_needs_no_label(house):
    house.task("a")
    (lease,) = batch(house, house.erin)
    send(house, house.erin, [lease], condition="unusable")
    assert Annotation.objects.get().answers == {}


def test_more_rows_than_a_batch_holds_are_refused_whole(house):
    rows = [(n, house.answer()) for n in range(1, 102)]
    with pytest.raises(BadInput, match="send the other 1 in the next"):
        submit_batch(project=house.project, person=house.erin, answers=rows, at=house.clock)


def test_a_row_of_another_project_is_not_there(house):
    other = create_project(slug="other", name="Other", by=house.ada, at=house.clock)
    set_member(project=other, person=house.erin, role="expert", by=house.ada, at=house.clock)
    house.task("a")
    (lease,) = batch(house, house.erin)
    rows = [(lease.pk, house.answer())]
    assert codes(submit_batch(project=other, person=house.erin, answers=rows, at=house.clock)) == [
        "not_found"
    ]


class Batcher(threading.Thread):
    """Takes batches and answers them over a connection of its own, until nothing is left to take."""

    def __init__(self, house, person, start):
        super().__init__()
        self.house, self.person, self.gate = house, person, start
        self.answered, self.trouble = 0, None

    def run(self):
        try:
            self.gate.wait(30)
            for _ in range(200):
                found = lease_batch(queue=self.house.queue, person=self.person, n=10, at=self.house.clock)
                outcomes = send(self.house, self.person, found)
                assert set(codes(outcomes)) <= {""}
                self.answered += len(outcomes)
                if not Task.objects.filter(state=TaskState.OPEN).exists():
                    break
        except BaseException as error:  # told in the test's own thread
            self.trouble = error
        finally:
            connection.close()


@pytest.mark.django_db(transaction=True)
def test_six_people_with_batches_at_once_answer_every_task_exactly_as_often_as_asked(house, person):
    tasks(house, 40, overlap=2)
    crowd = [person(f"expert{n}") for n in range(6)]
    for somebody in crowd:
        set_member(project=house.project, person=somebody, role="expert", by=house.ada, at=house.clock)
    start = threading.Event()
    threads = [Batcher(house, somebody, start) for somebody in crowd]
    for thread in threads:
        thread.start()
    start.set()
    for thread in threads:
        thread.join(90)
    assert [thread.trouble for thread in threads] == [None] * 6
    assert sum(thread.answered for thread in threads) == 80
    assert set(Task.objects.values_list("state", "open_slots")) == {(TaskState.AGREED, 0)}
    seal_events()
    assert verify_chain().intact


@pytest.mark.django_db(transaction=True)
def test_one_person_who_asks_eight_times_at_once_gets_one_batch(house):
    tasks(house, 80, overlap=1)
    start, found = threading.Event(), []

    def ask():
        start.wait(30)
        try:
            found.append(sorted(one.pk for one in batch(house, house.erin, 10)))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    start.set()
    for thread in threads:
        thread.join(60)
    assert len(found) == 8
    assert len({tuple(ids) for ids in found}) == 1
    assert Assignment.objects.count() == 10
