"""Many people at once, each over a connection of their own: nothing doubled, nobody starved."""

from __future__ import annotations

import threading
import time
import uuid

import pytest
from django.db import connection
from django.db.models import Count

from apps.annotation.models import Assignment, Task, TaskState
from apps.annotation.queries.open import Selection
from apps.annotation.services.answers import submit_annotation
from apps.annotation.services.disputes import take_dispute
from apps.annotation.services.leases import lease_next
from apps.annotation.services.serving import prioritise_tasks, reserve_tasks
from apps.core.errors import DomainError
from apps.core.events import seal_events, verify_chain
from apps.projects.services import set_member
from apps.projects.services.groups import make_group


class Annotator(threading.Thread):
    """Answers whatever it gets, over a connection of its own, until no task is open any more."""

    def __init__(self, house, person):
        super().__init__()
        self.house, self.person = house, person
        self.answered, self.failed = 0, None

    def run(self):
        try:
            self.work(until=time.monotonic() + 30)
        except Exception as error:  # told in the test's own thread
            self.failed = error
        finally:
            connection.close()

    def work(self, *, until):
        queue = self.house.queue
        while time.monotonic() < until and queue.tasks.filter(state=TaskState.OPEN).exists():
            lease = lease_next(queue=queue, person=self.person, at=self.house.clock)
            if lease is None:
                time.sleep(0.01)  # the rest is on other desks, or done by us
                continue
            answer = self.house.answer("3", request_key=uuid.uuid4().hex)
            submit_annotation(assignment_id=lease.pk, person=self.person, answer=answer, at=self.house.clock)
            self.answered += 1


@pytest.mark.django_db(transaction=True)
def test_eight_people_at_once_answer_every_task_exactly_as_often_as_asked(house, person):
    for n in range(30):
        house.task(f"k{n:02}", overlap=2)
    crowd = [person(f"expert{n}") for n in range(8)]
    for somebody in crowd:
        set_member(project=house.project, person=somebody, role="expert", by=house.ada, at=house.clock)
    threads = [Annotator(house, somebody) for somebody in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [thread.failed for thread in threads] == [None] * 8
    assert sum(thread.answered for thread in threads) == 60
    assert min(thread.answered for thread in threads) >= 1
    assert set(Task.objects.values_list("state", "open_slots")) == {(TaskState.AGREED, 0)}
    for task in Task.objects.prefetch_related("assignments"):
        answered = [a.person_id for a in task.assignments.all()]
        assert len(answered) == len(set(answered)) == 2
    seal_events()
    assert verify_chain().intact


class Lead(threading.Thread):
    """Reserves, lifts, raises and lowers what is open, over a connection of its own, while others answer."""

    def __init__(self, house, stop):
        super().__init__()
        self.house, self.stop, self.failed, self.at_it = house, stop, None, threading.Event()

    def run(self):
        try:
            turn = 0
            while not self.stop.is_set():
                self.act(turn)
                turn += 1
        except Exception as error:  # told in the test's own thread
            self.failed = error
        finally:
            connection.close()

    def act(self, turn):
        given = {"queue": self.house.queue, "by": self.house.luis, "at": self.house.clock}
        audience = ("group:shift", "everybody", "group:all")[turn % 3]
        level = ("high", "low", "normal")[turn % 3]
        try:
            reserve_tasks(selection=Selection(n=10), reserved_for=audience, **given)
            prioritise_tasks(selection=Selection(n=5 + turn % 7), priority=level, **given)
            self.at_it.set()
        except DomainError:
            time.sleep(0.005)  # too few are left to answer it, or all is done


@pytest.mark.django_db(transaction=True)
def test_while_leads_reserve_and_prioritise_at_once_nobody_starves_and_nothing_is_doubled(house, person):
    for n in range(40):
        house.task(f"k{n:02}", overlap=2)
    crowd = [person(f"expert{n}") for n in range(8)]
    for somebody in crowd:
        set_member(project=house.project, person=somebody, role="expert", by=house.ada, at=house.clock)
    names, given = [one.username for one in crowd], {"by": house.luis, "at": house.clock}
    make_group(project=house.project, name="shift", people=names[:4], **given)
    make_group(project=house.project, name="all", people=names, **given)
    stop = threading.Event()
    leads, threads = [Lead(house, stop) for _ in range(2)], [Annotator(house, one) for one in crowd]
    for lead in leads:
        lead.start()
        assert lead.at_it.wait(60)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    stop.set()
    for thread in leads:
        thread.join(60)
    assert [thread.failed for thread in [*leads, *threads]] == [None] * 10
    assert sum(thread.answered for thread in threads) == 80
    assert set(Task.objects.values_list("state", "open_slots")) == {(TaskState.AGREED, 0)}
    doubled = Assignment.objects.values("task").annotate(n=Count("person", distinct=True)).exclude(n=2)
    assert not doubled.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_open_a_dispute_at_once_one_gets_it(house):
    task = house.task("a")
    house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    told, gate = {}, threading.Barrier(2)

    def open_it(lead):
        gate.wait()
        try:
            told[lead.username] = take_dispute(task_id=task.pk, by=lead, at=house.clock).state
        except DomainError as error:
            told[lead.username] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=open_it, args=[lead]) for lead in (house.luis, house.lena)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told.values()) == ["being_settled", "leased"]
