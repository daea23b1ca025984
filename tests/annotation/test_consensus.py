"""A lead settles what people could not."""

from __future__ import annotations

import pytest

from apps.annotation.errors import NothingToSettle, OwnTask
from apps.annotation.models import Annotation, Assignment, TaskState
from apps.annotation.queries.tasks import answers_on, disputed_tasks
from apps.annotation.services.consensus import adjudicate
from apps.annotation.services.declining import decline
from apps.core.errors import BadInput, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def conflict(house):
    task = house.task("a", overlap=2)
    house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    return task


def settle(house, task, by, **values):
    given = {"answers": {"digit": "5"}, "condition": "clear", "cause": "slip", **values}
    return adjudicate(task_id=task.pk, by=by, at=house.clock, **given)


def test_a_settled_conflict_is_believed_with_all_its_sources(house, conflict):
    consensus = settle(house, conflict, house.lena)
    conflict.refresh_from_db()
    assert conflict.state == TaskState.SETTLED
    assert (consensus.label, consensus.method, consensus.cause) == ("5", "adjudicated", "slip")
    assert consensus.settled_by == house.lena
    assert len(consensus.sources) == 3


def test_settling_does_not_count_toward_overlap(house, conflict):
    settle(house, conflict, house.lena)
    conflict.refresh_from_db()
    assert conflict.open_slots == 0
    assert conflict.assignments.filter(kind=Assignment.Kind.ADJUDICATE).count() == 1
    assert answers_on(task=conflict).count() == 3


def test_an_escalation_can_be_settled_as_unusable(house):
    task = house.task("b")
    lease = house.lease(house.erin)
    decline(verb="escalate", assignment_id=lease.pk, person=house.erin, reason="data_problem", at=house.clock)
    assert task in disputed_tasks(project=house.project)
    consensus = settle(house, task, house.lena, answers={}, condition="unusable", cause="data_problem")
    assert (consensus.label, consensus.condition) == (None, "unusable")


def test_who_answered_a_task_cannot_settle_it(house):
    task = house.task("a", overlap=2)
    house.submit(house.lena, "5")
    house.submit(house.emil, "3")
    with pytest.raises(OwnTask):
        settle(house, task, house.lena)
    settle(house, task, house.luis)


def test_an_expert_cannot_settle(house, conflict):
    with pytest.raises(NotAllowed):
        settle(house, conflict, house.ella)


def test_a_stranger_learns_nothing(house, conflict):
    with pytest.raises(NotFound):
        settle(house, conflict, house.sam)


def test_a_cause_is_required(house, conflict):
    with pytest.raises(BadInput, match="cause"):
        settle(house, conflict, house.lena, cause="")
    assert Annotation.objects.filter(assignment__kind="adjudicate").count() == 0


def test_a_conflict_is_settled_once(house, conflict):
    settle(house, conflict, house.lena)
    with pytest.raises(NothingToSettle):
        settle(house, conflict, house.luis)
