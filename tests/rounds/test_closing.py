"""A round opens with frozen inputs, and closes with a decision and what it taught us."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from apps.annotation.models import AssignmentState, TaskState
from apps.annotation.services.answers import submit_annotation
from apps.core.errors import BadInput, IllegalMove, NotAllowed, NotFound
from apps.core.models import Event
from apps.datasets.services import start_snapshot
from apps.projects.models import Project
from apps.rounds.models import Reflection, Round
from apps.rounds.services import Lesson, RoundNotReady, close_round, open_first_round
from apps.training.services.gates import judge_candidate, promote, reject

pytestmark = pytest.mark.django_db

LESSON = Lesson("Fewer 3s taken for 8s.", "So it was.", "Corrected labels.", "Look at 5s next.")


@pytest.fixture
def first(house):
    house.freeze()
    return open_first_round(project=house.project, by=house.lena, at=house.clock)


def decide(house, service=promote, right=110, **values):
    (gate,) = judge_candidate(candidate=house.measured(lambda i: i < right), at=house.clock)
    service(gate_id=gate.pk, project=house.project, by=house.lena, at=house.clock, **values)
    return gate


def close(house, row, by=None, lesson=LESSON):
    by = by or house.lena
    return close_round(round_id=row.pk, project=house.project, by=by, lesson=lesson, at=house.later(hours=1))


def test_the_first_round_is_number_one_and_opens_once(house, first):
    assert (first.number, first.state, house.project.round_number) == (1, "open", 1)
    assert open_first_round(project=house.project, by=house.luis, at=house.clock) == first
    assert Round.objects.count() == 1


def test_the_inputs_are_frozen_as_they_were_at_opening(house, first):
    benchmark = house.project.benchmarks.get()
    assert first.inputs == {
        "model": None,
        "curriculum": None,
        "protocol": 1,
        "benchmarks": {"frozen": benchmark.digest},
    }
    gate = decide(house)
    close(house, first)
    following = Round.objects.get(number=2)
    assert following.inputs["model"] == gate.candidate.number
    first.refresh_from_db()
    assert first.inputs["model"] is None


def test_what_is_made_says_which_round_it_belongs_to(house, first):
    decide(house)
    close(house, first)
    house.project.refresh_from_db()
    run = start_snapshot(project=house.project, by=house.lena, at=house.clock)
    assert (house.project.round_number, run.round_number, house.model().round_number) == (2, 2, 2)


def test_a_round_without_a_decision_stays_open(house, first):
    with pytest.raises(RoundNotReady, match="promote or reject"):
        close(house, first)
    judge_candidate(candidate=house.measured(lambda i: i < 110), at=house.clock)
    with pytest.raises(RoundNotReady):
        close(house, first)
    first.refresh_from_db()
    assert first.state == "open"
    assert not Reflection.objects.exists()


def test_a_decision_of_an_earlier_round_does_not_count(house, first):
    decide(house)
    close(house, first)
    with pytest.raises(RoundNotReady):
        close(house, Round.objects.get(number=2))


def test_a_rejection_is_a_decision_too(house, first):
    decide(house, reject, right=60, reason="Worse.")
    assert close(house, first).state == "closed"


@pytest.mark.parametrize("name", ["expected", "observed", "cause", "action"])
def test_the_reflection_has_to_be_whole(house, first, name):
    decide(house)
    for text in (" ", "x" * 10_001):
        with pytest.raises(BadInput) as refused:
            close(house, first, lesson=Lesson(**{**vars(LESSON), name: text}))
        assert refused.value.detail["field"] == name
    first.refresh_from_db()
    assert first.state == "open"


def test_closing_keeps_the_reflection_and_opens_the_next(house, first):
    decide(house)
    closed = close(house, first)
    assert (closed.state, closed.closed_at) == ("closed", house.clock)
    kept = Reflection.objects.get(round=first)
    assert (kept.expected, kept.action, kept.by) == (LESSON.expected, LESSON.action, house.lena)
    assert list(Round.objects.values_list("number", "state")) == [(2, "open"), (1, "closed")]
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"round.open", "round.closed", "reflection.written"} <= kinds


def test_a_round_is_closed_once(house, first):
    decide(house)
    close(house, first)
    with pytest.raises(IllegalMove):
        close(house, first)
    assert Round.objects.count() == 2


def test_what_is_left_in_the_queue_is_withdrawn_and_what_is_done_stays(house, first):
    tasks = {key: house.task(key, overlap=2) for key in ("agreed", "conflict", "leased")}
    for key, other in (("agreed", "3"), ("conflict", "5")):
        for person, label in ((house.erin, "3"), (house.emil, other)):
            submitted = house.submit(person, label)
            assert submitted.task == tasks[key]
    lease = house.lease(house.erin)
    decide(house)
    close(house, first)
    for task in tasks.values():
        task.refresh_from_db()
    assert {key: task.state for key, task in tasks.items()} == {
        "agreed": TaskState.AGREED,
        "conflict": TaskState.WITHDRAWN,
        "leased": TaskState.WITHDRAWN,
    }
    submit_annotation(assignment_id=lease.pk, person=house.erin, answer=house.answer(), at=house.clock)
    lease.refresh_from_db()
    assert lease.state == AssignmentState.SURPLUS


def test_tasks_of_other_projects_are_left_alone(house, first):
    other = Project.objects.create(slug="other", name="Other", created_at=house.clock)
    task = house.task("a")
    queue = other.queues.create(protocol=house.project.protocol, name="theirs", created_at=house.clock)
    type(task).objects.filter(pk=task.pk).update(queue=queue)
    decide(house)
    close(house, first)
    task.refresh_from_db()
    assert task.state == TaskState.OPEN


def test_only_leads_open_and_close_rounds_of_their_project(house, first):
    decide(house)
    for person in (house.erin, house.ada):
        with pytest.raises(NotAllowed):
            close(house, first, by=person)
        with pytest.raises(NotAllowed):
            open_first_round(project=house.project, by=person, at=house.clock)
    with pytest.raises(NotFound):
        close(house, first, by=house.sam)
    other = Project.objects.create(slug="other", name="Other", created_at=house.clock)
    other.memberships.create(person=house.lena, role="lead", created_at=house.clock)
    with pytest.raises(NotFound):
        close_round(round_id=first.pk, project=other, by=house.lena, lesson=LESSON, at=house.clock)


def test_the_database_keeps_one_open_round_per_project(house, first):
    with pytest.raises(IntegrityError, match="one_open_round_per_project"), transaction.atomic():
        Round.objects.create(project=house.project, number=9, inputs={}, opened_at=house.clock)
