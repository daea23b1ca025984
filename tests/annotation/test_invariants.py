"""What always holds at the desk, whatever people do in whatever order, one after the other or all at once."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.annotation.domain import Vote, count_votes
from apps.annotation.models import LIVE, Annotation, Assignment, AssignmentState, Task, TaskState
from apps.annotation.services.answers import reopen, save_draft, submit_annotation
from apps.annotation.services.consensus import adjudicate
from apps.annotation.services.leases import escalate, expire_leases, keep_lease, lease_next, release, skip
from apps.annotation.services.tasks import pause_queue, resume_queue, withdraw_tasks
from apps.core.errors import DomainError
from apps.core.events import seal_events, verify_chain
from apps.core.models import Event
from apps.projects.services import set_member

OVERLAPS = (1, 2, 2)
people = st.sampled_from(["erin", "emil", "lena"])
labels = st.sampled_from(["3", "5"])
conditions = st.sampled_from(["clear", "clear", "clear", "unusable"])
places = st.integers(0, 5)


class Desk(RuleBasedStateMachine):
    """Two experts and two leads at a few tasks. A refusal is an answer too: what it left behind is looked at."""

    house = None

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.clock = self.house.clock
        self.tasks = [self.house.task(f"k{n}", overlap=overlap) for n, overlap in enumerate(OVERLAPS)]
        self.kept = {}
        self.sent = None

    def teardown(self):
        seal_events()
        assert verify_chain().intact
        assert verify_chain().unsealed == 0
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    def attempt(self, service, **values):
        self.clock += timedelta(seconds=7)
        try:
            with transaction.atomic():
                return service(at=self.clock, **values)
        except DomainError:
            return None

    def on(self, service, place, person, **values):
        """Do it to one of this person's assignments: most of what people send is about their own."""
        mine = Assignment.objects.filter(person=self.house.people[person], kind="annotate").order_by("-pk")
        pks = list(mine.values_list("pk", flat=True))
        if not pks:
            return None
        who = self.house.people[person]
        return self.attempt(service, assignment_id=pks[place % len(pks)], person=who, **values)

    @rule(person=people)
    def lease(self, person):
        self.attempt(lease_next, queue=self.house.queue, person=self.house.people[person])

    @rule(person=people, label=labels, condition=conditions)
    def lease_and_submit(self, person, label, condition):
        lease = self.attempt(lease_next, queue=self.house.queue, person=self.house.people[person])
        if lease is not None:
            self.send(lease.pk, person, label, condition)

    @rule(person=people, place=places, label=labels, condition=conditions)
    def submit(self, person, place, label, condition):
        mine = list(
            Assignment.objects.filter(person=self.house.people[person], kind="annotate").order_by("-pk")
        )
        if mine:
            self.send(mine[place % len(mine)].pk, person, label, condition)

    def send(self, pk, person, label, condition):
        answers = {} if condition == "unusable" else {"digit": label}
        answer = self.house.answer(condition=condition)
        answer = type(answer)(**{**vars(answer), "answers": answers})
        given = {"assignment_id": pk, "person": self.house.people[person], "answer": answer}
        annotation = self.attempt(submit_annotation, **given)
        if annotation is not None:
            self.sent = (given, annotation)

    @precondition(lambda self: self.sent is not None)
    @rule()
    def resend(self):
        given, annotation = self.sent
        before = Annotation.objects.count(), Event.objects.count()
        again = self.attempt(submit_annotation, **given)
        assignment = Assignment.objects.get(pk=given["assignment_id"])
        assert again == annotation or assignment.state == AssignmentState.DRAFT
        assert (Annotation.objects.count(), Event.objects.count()) == before

    @rule(person=people, place=places)
    def reopen(self, person, place):
        self.on(reopen, place, person)

    @rule(person=people, place=places, label=labels)
    def change_of_mind(self, person, place, label):
        opened = self.on(reopen, place, person)
        if opened is not None:
            self.send(opened.pk, person, label, "clear")

    @rule(person=people, place=places)
    def release(self, person, place):
        self.on(release, place, person)

    @rule(
        person=people, place=places, label=labels, how=st.sampled_from(["skip", "escalate", "draft", "keep"])
    )
    def something_rarer(self, person, place, label, how):
        services = {
            "skip": (skip, {"reason": "unsure"}),
            "escalate": (escalate, {"reason": "data_problem"}),
            "draft": (save_draft, {"draft": {"answers": {"digit": label}}}),
            "keep": (keep_lease, {}),
        }
        service, values = services[how]
        self.on(service, place, person, **values)

    @rule(minutes=st.sampled_from([1, 11]))
    def expire(self, minutes):
        self.clock += timedelta(minutes=minutes)
        self.attempt(expire_leases)

    @rule(place=places, label=labels, how=st.sampled_from(["settle", "settle", "withdraw", "pause"]))
    def a_lead_acts(self, place, label, how):
        task, lead = self.tasks[place % len(self.tasks)], self.house.luis
        if how == "settle":
            settled = {"answers": {"digit": label}, "condition": "clear", "cause": "slip"}
            self.attempt(adjudicate, task_id=task.pk, by=lead, **settled)
        elif how == "withdraw":
            states = [TaskState.OPEN, TaskState.CONFLICT, TaskState.ESCALATED]
            left = Task.objects.filter(pk=task.pk, state__in=states)
            self.attempt(withdraw_tasks, tasks=left, by=lead, why="test")
        else:
            service = resume_queue if self.house.queue.paused_at else pause_queue
            self.attempt(service, queue=self.house.queue, by=lead)

    @precondition(lambda self: not Task.objects.filter(state=TaskState.OPEN).exists())
    @rule(overlap=st.sampled_from(OVERLAPS))
    def another_task(self, overlap):
        self.tasks.append(self.house.task(f"k{len(self.tasks)}", overlap=overlap))

    @invariant()
    def answers_never_exceed_the_overlap_and_slots_add_up(self):
        for task in Task.objects.prefetch_related("assignments"):
            states = [a.state for a in task.assignments.all() if a.kind == "annotate"]
            assert states.count(AssignmentState.SUBMITTED) <= task.overlap
            assert task.open_slots == task.overlap - sum(state in LIVE for state in states)

    @invariant()
    def everybody_has_one_assignment_per_task(self):
        pairs = Counter(Assignment.objects.values_list("task_id", "person_id"))
        assert set(pairs.values()) <= {1}

    @invariant()
    def an_answered_assignment_has_its_newest_annotation_as_current(self):
        for assignment in Assignment.objects.prefetch_related("annotations"):
            revisions = sorted(assignment.annotations.all(), key=lambda a: a.revision)
            assert [a.revision for a in revisions] == list(range(1, len(revisions) + 1))
            assert assignment.current_id == (revisions[-1].pk if revisions else None)
            answered = {AssignmentState.SUBMITTED, AssignmentState.SURPLUS, AssignmentState.DRAFT}
            assert (assignment.state in answered) == bool(revisions)

    @invariant()
    def the_state_of_a_task_is_what_its_standing_answers_say(self):
        for task in Task.objects.select_related("queue__protocol"):
            consensus = getattr(task, "consensus", None)
            assert (consensus is not None) == (task.state in {TaskState.AGREED, TaskState.SETTLED})
            votes = standing(task)
            if task.state == TaskState.OPEN:
                assert len(votes) < task.overlap
            if task.state in {TaskState.AGREED, TaskState.CONFLICT}:
                verdict = count_votes(votes)
                assert len(votes) == task.overlap
                assert verdict.agreed == (task.state == TaskState.AGREED)
            if task.state == TaskState.SETTLED:
                # what came after the lead had decided does not count
                assert {vote.annotation_id for vote in votes} <= set(consensus.sources)
            if task.state == TaskState.AGREED:
                assert (consensus.label, consensus.condition) == (verdict.label, verdict.condition)
                assert sorted(consensus.sources) == sorted(vote.annotation_id for vote in votes)

    @invariant()
    def annotations_never_vanish_or_change(self):
        now = {
            a.pk: (a.assignment_id, a.revision, str(a.answers), a.condition) for a in Annotation.objects.all()
        }
        assert self.kept.items() <= now.items()
        self.kept = now


def standing(task):
    """The answers that count: submitted, or reopened and not yet sent again."""
    counted = task.assignments.filter(kind="annotate", state__in=["submitted", "draft"])
    return [
        Vote(a.person_id, a.current_id, a.current.answers.get("digit"), a.current.condition)
        for a in counted.select_related("current").order_by("pk")
    ]


@pytest.mark.django_db
def test_whatever_people_do_the_desk_keeps_its_promises(house):
    Desk.house = house
    lazily = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    short = settings(
        max_examples=18, stateful_step_count=40, deadline=None, derandomize=True, database=None,
        suppress_health_check=lazily, phases=[Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(Desk, settings=short)


@pytest.mark.django_db
def test_an_answer_that_is_reopened_and_left_counts_against_one_that_was_changed(house):
    task = house.task("a", overlap=2)
    erins, emils = house.submit(house.erin, "3"), house.submit(house.emil, "3")
    for done in (erins, emils):
        reopen(assignment_id=done.pk, person=done.person, at=house.clock)
    submit_annotation(assignment_id=erins.pk, person=house.erin, answer=house.answer("5"), at=house.clock)
    task.refresh_from_db()
    assert task.state == TaskState.CONFLICT
    release(assignment_id=emils.pk, person=house.emil, at=house.clock)
    task.refresh_from_db()
    assert task.state == TaskState.CONFLICT


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
