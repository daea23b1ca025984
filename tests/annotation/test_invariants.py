"""What always holds at the desk, whatever people do in whatever order."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
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
from apps.annotation.models import HOLDING, LIVE, Annotation, Assignment, AssignmentState, Task, TaskState
from apps.annotation.queries.desk import for_person, why_empty
from apps.annotation.queries.open import Selection
from apps.annotation.services.answers import Answer, reopen, save_draft, submit_annotation
from apps.annotation.services.consensus import adjudicate, reopen_task
from apps.annotation.services.declining import decline, put_back
from apps.annotation.services.disputes import leave_dispute, take_dispute
from apps.annotation.services.leases import expire_leases, keep_lease, lease_ahead, lease_next, release
from apps.annotation.services.serving import prioritise_tasks, reserve_tasks
from apps.annotation.services.tasks import pause_queue, resume_queue, withdraw_tasks
from apps.core.errors import DomainError
from apps.core.events import seal_events, verify_chain
from apps.core.models import Event
from apps.projects.services.groups import change_group, make_group

OVERLAPS = (1, 2, 2)
LABELS = ("3", "5")
PEOPLE = ("erin", "emil", "lena")
AUDIENCES = ("everybody", "group:shift", "group:shift", "person:erin", "person:lena")
# what people do most stands in the list more often; one rule of many, for Hypothesis leaves whole rules out
ACTIONS = (
    *("answer_next", "answer_next", "answer_next", "answer", "lease", "release", "resend"),
    *(
        "change",
        "change",
        "change",
        "reopen",
        "reopen",
        "skip",
        "escalate",
        "exclude",
        "draft",
        "keep",
        "ahead",
        "ahead",
    ),
)


class Desk(RuleBasedStateMachine):
    """Two experts and two leads at a few tasks. A refusal is an answer too: what it left behind is looked at."""

    house = None

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.clock = self.house.clock
        given = {"name": "shift", "people": ["erin", "emil"], "by": self.house.luis}
        self.group = make_group(project=self.house.project, at=self.clock, **given)
        self.tasks = [self.house.task(f"k{n}", overlap=overlap) for n, overlap in enumerate(OVERLAPS)]
        self.kept = {}
        self.sent = None

    def teardown(self):
        seal_events()
        report = verify_chain()
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)
        assert (report.intact, report.unsealed) == (True, 0)

    def attempt(self, service, **values):
        self.clock += timedelta(seconds=7)
        try:
            with transaction.atomic():
                return service(at=self.clock, **values)
        except DomainError:
            return None

    @rule(
        what=st.sampled_from(ACTIONS),
        who=st.sampled_from(PEOPLE),
        place=st.integers(0, 3),
        label=st.sampled_from(LABELS),
        condition=st.sampled_from(["clear", "clear", "clear", "unusable"]),
    )
    def somebody_works(self, what, who, place, label, condition):
        person = self.house.people[who]
        pk = self.own(person, place, fresh=what in {"answer_next", "lease"})
        if what == "resend":
            self.resend()
        elif pk is not None and what in {"answer", "answer_next"}:
            self.send(pk, person, label, condition)
        elif pk is not None and what == "change":
            self.attempt(reopen, assignment_id=pk, person=person)
            self.send(pk, person, label, condition)
        elif pk is not None and what == "ahead":
            self.attempt(lease_ahead, queue=self.house.queue, person=person, showing=pk)
        elif pk is not None and what != "lease":
            service, values = self.verbs(label)[what]
            self.attempt(service, assignment_id=pk, person=person, **values)

    def own(self, person, place, *, fresh):
        """One of this person's assignments: the one they lease now, or one they had before."""
        if fresh:
            before = first_for(self.house.queue, person, at=self.clock + timedelta(seconds=7))
            lease = self.attempt(lease_next, queue=self.house.queue, person=person)
            assert (lease and lease.task_id) == before, "not what was due, or nothing while something was"
            return lease and lease.pk
        mine = Assignment.objects.filter(person=person, kind="annotate").order_by("-pk")
        pks = list(mine.values_list("pk", flat=True))
        return pks[place % len(pks)] if pks else None

    def verbs(self, label):
        return {
            "reopen": (reopen, {}),
            "release": (release, {}),
            "skip": (decline, {"verb": "skip", "reason": "unsure"}),
            "escalate": (decline, {"verb": "escalate", "reason": "data_problem"}),
            "exclude": (decline, {"verb": "exclude", "reason": "broken"}),
            "draft": (save_draft, {"draft": {"answers": {"digit": label}}}),
            "keep": (keep_lease, {}),
        }

    def send(self, pk, person, label, condition):
        answers = {} if condition == "unusable" else {"digit": label}
        answer = Answer(answers=answers, condition=condition, confidence=3, request_key=uuid.uuid4().hex)
        given = {"assignment_id": pk, "person": person, "answer": answer}
        annotation = self.attempt(submit_annotation, **given)
        if annotation is not None:
            self.sent = (given, annotation)

    def resend(self):
        if self.sent is None:
            return
        given, annotation = self.sent
        before = Annotation.objects.count(), Event.objects.count()
        again = self.attempt(submit_annotation, **given)
        assert again == annotation
        assert (Annotation.objects.count(), Event.objects.count()) == before

    @rule(
        what=st.sampled_from(["reserve", "reserve", "prioritise", "regroup"]),
        place=st.integers(0, 5),
        audience=st.sampled_from(AUDIENCES),
        level=st.sampled_from(["high", "normal", "low"]),
        people=st.sets(st.sampled_from(PEOPLE)),
    )
    def a_lead_assigns(self, what, place, audience, level, people):
        task, given = self.tasks[place % len(self.tasks)], {"queue": self.house.queue, "by": self.house.luis}
        selection = Selection(keys=(task.example.key,))
        if what == "reserve":
            self.attempt(reserve_tasks, selection=selection, reserved_for=audience, **given)
        elif what == "prioritise":
            self.attempt(prioritise_tasks, selection=selection, priority=level, **given)
        else:
            people = {"name": "shift", "people": sorted(people), "by": self.house.luis}
            self.attempt(change_group, group=self.group, **people)

    @rule(
        what=st.sampled_from(["take", "take", "take over", "leave", "settle"]),
        who=st.sampled_from(["luis", "lena"]),
        place=st.integers(0, 5),
        label=st.sampled_from(LABELS),
    )
    def a_lead_is_at_a_dispute(self, what, who, place, label):
        task, lead = self.tasks[place % len(self.tasks)], self.house.people[who]
        if what == "settle":
            settled = {"answers": {"digit": label}, "condition": "clear", "cause": "slip"}
            others = (
                seats(task)
                .exclude(person=lead)
                .filter(lease_expires_at__gt=self.clock + timedelta(seconds=7))
            )
            held = others.exists()
            done = self.attempt(adjudicate, task_id=task.pk, by=lead, **settled)
            assert not (held and done), "settled under another lead's hands"
        elif what == "leave":
            self.attempt(leave_dispute, task_id=task.pk, by=lead)
        else:
            self.attempt(take_dispute, task_id=task.pk, by=lead, take_over=what == "take over")

    @rule(minutes=st.sampled_from([1, 11]))
    def time_passes(self, minutes):
        self.clock += timedelta(minutes=minutes)
        self.attempt(expire_leases)

    @rule(
        place=st.integers(0, 5),
        label=st.sampled_from(LABELS),
        what=st.sampled_from(["settle", "settle", "settle", "decide_anew", "put_back", "withdraw", "pause"]),
    )
    def a_lead_decides(self, place, label, what):
        task, lead = self.tasks[place % len(self.tasks)], self.house.luis
        if what == "settle":
            settled = {"answers": {"digit": label}, "condition": "clear", "cause": "slip"}
            self.attempt(adjudicate, task_id=task.pk, by=lead, **settled)
        elif what == "decide_anew":
            self.attempt(reopen_task, task_id=task.pk, by=lead, why="a second look")
        elif what == "put_back":
            self.attempt(put_back, task_id=task.pk, by=lead, to="open" if label == "3" else "escalated")
        elif what == "withdraw":
            states = [TaskState.OPEN, TaskState.CONFLICT, TaskState.ESCALATED]
            left = Task.objects.filter(pk=task.pk, state__in=states)
            self.attempt(withdraw_tasks, tasks=left, by=lead, why="test")
        else:
            queue = self.house.queue
            self.attempt(resume_queue if queue.paused_at else pause_queue, queue=queue, by=lead)

    @precondition(lambda self: not Task.objects.filter(state=TaskState.OPEN).exists())
    @rule(overlap=st.sampled_from(OVERLAPS))
    def another_task_is_mined(self, overlap):
        self.tasks.append(self.house.task(f"k{len(self.tasks)}", overlap=overlap))

    @invariant()
    def everything_holds(self):
        shown = Task.objects.select_related("consensus").prefetch_related("assignments__annotations")
        now = {}
        for task in shown:
            assignments = list(task.assignments.all())
            check_assignments(task, assignments)
            check_belief(task, assignments)
            for a in (a for assignment in assignments for a in assignment.annotations.all()):
                now[a.pk] = (a.assignment_id, a.revision, str(a.answers), a.condition)
        assert self.kept.items() <= now.items(), "an annotation vanished or changed"
        self.kept = now
        unseen = Assignment.objects.filter(kind="annotate", state="leased", lease_expires_at__gt=self.clock)
        assert max(Counter(unseen.values_list("person", flat=True)).values(), default=0) <= 2


def seats(task):
    """Leads who hold this dispute."""
    return task.assignments.filter(kind="adjudicate", state__in=HOLDING)


def first_for(queue, person, *, at):
    """The task this person is due, told from the rules alone: what they hold, else the first they may take."""
    held = Assignment.objects.filter(
        person=person, kind="annotate", state__in=HOLDING, lease_expires_at__gt=at
    )
    held = held.filter(task__queue=queue).order_by("leased_at", "pk")
    if (first := held.first()) or queue.paused_at:
        return first and first.task_id
    seen = Assignment.objects.filter(person=person).exclude(state=AssignmentState.EXPIRED)
    free = queue.tasks.filter(for_person(person), state=TaskState.OPEN, open_slots__gt=0)
    free = free.exclude(pk__in=seen.values("task"))
    due = sorted(free, key=lambda t: (-(t.priority // 1), t.reserved_for_id is None, -t.priority, t.pk))
    if not due:
        assert why_empty(queue=queue, person=person, at=at).code != "busy"
    return due[0].pk if due else None


def check_assignments(task, assignments):
    states = [a.state for a in assignments if a.kind == "annotate"]
    assert sum(a.kind == "adjudicate" and a.state in HOLDING for a in assignments) <= 1
    assert states.count(AssignmentState.SUBMITTED) <= task.overlap
    assert task.open_slots == task.overlap - sum(state in LIVE for state in states)
    assert len({a.person_id for a in assignments}) == len(assignments)
    answered = {AssignmentState.SUBMITTED, AssignmentState.SURPLUS, AssignmentState.DRAFT}
    for assignment in assignments:
        revisions = sorted(assignment.annotations.all(), key=lambda a: a.revision)
        assert [a.revision for a in revisions] == list(range(1, len(revisions) + 1))
        assert assignment.current_id == (revisions[-1].pk if revisions else None)
        assert (assignment.state in answered) == bool(revisions)


def check_belief(task, assignments):
    """The state of a task, and what is believed, are what its standing answers say."""
    consensus, votes = getattr(task, "consensus", None), standing(assignments)
    assert (consensus is not None) == (task.state in {TaskState.AGREED, TaskState.SETTLED})
    if task.state == TaskState.OPEN:
        assert len(votes) < task.overlap
    if task.state in {TaskState.AGREED, TaskState.CONFLICT}:
        verdict = count_votes(votes)
        assert len(votes) == task.overlap
        assert verdict.agreed == (task.state == TaskState.AGREED)
    if task.state == TaskState.AGREED:
        assert (consensus.label, consensus.condition) == (verdict.label, verdict.condition)
        assert sorted(consensus.sources) == sorted(vote.annotation_id for vote in votes)
    if task.state == TaskState.SETTLED:
        # what came after the lead had decided does not count
        assert {vote.annotation_id for vote in votes} <= set(consensus.sources)


def standing(assignments):
    """The answers that count: submitted, or reopened and not yet sent again."""
    votes = []
    for assignment in assignments:
        if assignment.kind == "annotate" and assignment.state in {"submitted", "draft"}:
            (current,) = [a for a in assignment.annotations.all() if a.pk == assignment.current_id]
            votes.append(
                Vote(assignment.person_id, current.pk, current.answers.get("digit"), current.condition)
            )
    return votes


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
