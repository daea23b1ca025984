"""Whom open tasks are served to, and when: groups, reservations, priorities."""

from __future__ import annotations

import pytest

from apps.annotation.models import Assignment, Task
from apps.annotation.queries.desk import why_empty
from apps.annotation.queries.open import Selection, reservations_in
from apps.annotation.queries.work import queues_for
from apps.annotation.services.declining import decline
from apps.annotation.services.leases import expire_leases
from apps.annotation.services.serving import (
    NothingSelected,
    TooFewPeople,
    prioritise_tasks,
    reserve_tasks,
)
from apps.core.errors import BadInput, NotAllowed
from apps.core.models import Event
from apps.projects.services import remove_member
from apps.projects.services.groups import change_group, dissolve_group, make_group

pytestmark = pytest.mark.django_db
ALL = Selection()


@pytest.fixture
def germanists(house):
    """Erin and Emil."""
    people = ["erin", "emil"]
    return make_group(project=house.project, name="Germanists", people=people, by=house.lena, at=house.clock)


@pytest.fixture
def reserve(house):
    def act(reserved_for="group:Germanists", selection=ALL, by=None):
        given = {"selection": selection, "reserved_for": reserved_for, "by": by or house.luis}
        return reserve_tasks(queue=house.queue, at=house.clock, **given)

    return act


def keys(house, person):
    """The keys of all that this person is served, in order, each skipped."""
    served = []
    while lease := house.lease(person):
        served.append(lease.task.example.key)
        decline(verb="skip", assignment_id=lease.pk, person=person, reason="other", at=house.clock)
    return served


def test_a_reserved_task_is_served_to_the_group_and_to_nobody_else(house, germanists, reserve):
    house.task("a")
    assert reserve() == 1
    assert house.lease(house.ella) is None
    assert house.lease(house.lena) is None
    assert house.lease(house.erin).task.example.key == "a"
    assert house.lease(house.emil).task.example.key == "a"


def test_a_task_can_be_reserved_for_one_person(house, reserve):
    house.task("a", overlap=1)
    reserve("person:emil")
    assert house.lease(house.erin) is None
    assert house.lease(house.emil) is not None


def test_within_a_priority_what_is_reserved_comes_first_and_a_higher_priority_before_it(
    house, germanists, reserve
):
    house.task("for all", priority=0.9)
    house.task("reserved", priority=0.1)
    house.task("high", priority=1.2)
    reserve(selection=Selection(keys=("reserved",)))
    assert keys(house, house.erin) == ["high", "reserved", "for all"]
    assert keys(house, house.ella) == ["high", "for all"]


def test_a_reservation_can_be_lifted(house, germanists, reserve):
    house.task("a")
    reserve()
    reserve("everybody", Selection(reserved_for="group:germanists"))
    assert house.lease(house.ella) is not None


def test_leases_and_answers_of_others_stay_good_when_a_task_is_reserved(house, germanists, reserve):
    task = house.task("a", overlap=2)
    held = house.lease(house.ella)
    reserve()
    assert house.lease(house.ella) == held
    house.submit(house.ella)
    house.submit(house.erin)
    task.refresh_from_db()
    assert task.state == Task.State.AGREED


def test_a_lease_that_ran_out_is_not_taken_up_again_by_who_is_outside_the_group(house, germanists, reserve):
    house.task("a", overlap=2)
    house.lease(house.ella)
    reserve()
    expire_leases(at=house.later(hours=1))
    assert house.lease(house.ella) is None


def test_who_joins_the_group_is_served_and_who_leaves_it_is_not(house, germanists, reserve):
    house.task("a", overlap=1)
    reserve()
    given = {"name": "Germanists", "people": ["ella"], "by": house.lena, "at": house.clock}
    change_group(group=germanists, **given)
    assert house.lease(house.erin) is None
    assert house.lease(house.ella) is not None


def test_a_dissolved_group_leaves_its_tasks_to_everybody(house, germanists, reserve):
    house.task("a")
    reserve()
    dissolve_group(group=germanists, by=house.lena, at=house.clock)
    assert house.lease(house.ella) is not None
    assert Event.objects.get(kind="group.dissolved").data["name"] == "Germanists"


def test_more_answers_than_the_group_has_people_are_refused_at_once(house, germanists, reserve):
    house.task("a", overlap=3)
    house.task("b", overlap=2)
    with pytest.raises(TooFewPeople, match=r"1 of these tasks asks for up to 3 .* Germanists .* is 2 people"):
        reserve()
    assert not Task.objects.exclude(reserved_for=None).exists()


def test_what_others_have_answered_need_not_be_answered_by_the_group(house, reserve):
    house.task("a", overlap=2)
    house.submit(house.ella)
    assert reserve("person:erin") == 1


def test_who_has_skipped_a_task_is_not_counted_on(house, germanists, reserve):
    house.task("a", overlap=2)
    lease = house.lease(house.erin)
    decline(verb="skip", assignment_id=lease.pk, person=house.erin, reason="unsure", at=house.clock)
    with pytest.raises(TooFewPeople, match="that is 2 people, and nobody is asked a task twice"):
        reserve()


@pytest.mark.parametrize("how", ["removed", "inactive", "skipped"])
def test_a_reservation_whose_people_have_become_too_few_is_shown_as_stuck(house, germanists, reserve, how):
    house.task("a", overlap=2)
    house.task("b", overlap=1)
    reserve()
    assert [one.stuck for one in reservations_in(queue=house.queue)] == [0]
    if how == "removed":
        remove_member(project=house.project, person=house.emil, by=house.ada, at=house.clock)
    elif how == "inactive":
        house.emil.is_active = False
        house.emil.save()
    else:
        lease = house.lease(house.erin)
        decline(verb="skip", assignment_id=lease.pk, person=house.erin, reason="unsure", at=house.clock)
    (found,) = reservations_in(queue=house.queue)
    assert (found.open, found.stuck) == (2, 1)


def test_tasks_are_chosen_by_reason_attribute_and_number(house, germanists, reserve):
    house.example("de1", lang="de")
    house.example("de2", lang="de")
    house.example("en", lang="en")
    for place, key in enumerate(("de1", "de2", "en")):
        house.task(key, priority=0.5 - place / 10)
    house.task("audit", reason="audit")
    reserve(selection=Selection(attributes={"lang": "de"}, n=1))
    reserve(selection=Selection(reason="audit"))
    kept = Task.objects.exclude(reserved_for=None).values_list("example__key", flat=True)
    assert set(kept) == {"de1", "audit"}


def test_gold_is_never_reserved_for_it_would_be_known_by_that(house, germanists, reserve):
    house.task("g", reason="gold")
    with pytest.raises(NothingSelected):
        reserve()


def test_a_reservation_needs_somebody_who_is_known(house, reserve):
    house.task("a")
    for address in ("group:nobody", "person:nobody", "person:ada", "germanists", ""):
        with pytest.raises(BadInput, match="Nobody here is called"):
            reserve(address)


def test_only_a_lead_reserves_and_prioritises(house, germanists, reserve):
    house.task("a")
    for by in (house.erin, house.ada):
        with pytest.raises(NotAllowed):
            reserve(by=by)
        with pytest.raises(NotAllowed):
            prioritise_tasks(queue=house.queue, selection=ALL, priority="high", by=by, at=house.clock)


def test_a_higher_priority_is_served_next_and_keeps_its_place_among_its_like(house):
    for place, key in enumerate(("a", "b", "c")):
        house.task(key, priority=0.9 - place / 10)
    given = {"queue": house.queue, "by": house.luis, "at": house.clock}
    assert prioritise_tasks(selection=Selection(keys=("b", "c")), priority="high", **given) == 2
    assert prioritise_tasks(selection=Selection(keys=("a",)), priority="low", **given) == 1
    assert keys(house, house.erin) == ["b", "c", "a"]
    prioritise_tasks(selection=ALL, priority="normal", **given)
    assert keys(house, house.emil) == ["a", "b", "c"]


def test_what_was_done_to_a_queue_stands_in_its_events(house, germanists, reserve):
    house.task("a")
    reserve(selection=Selection(reason="margin", n=5))
    event = Event.objects.get(kind="queue.tasks_reserved")
    assert event.actor == house.luis
    assert event.data == {
        "tasks": 1,
        "reserved_for": "group:Germanists",
        "selection": {"reason": "margin", "n": 5},
    }
    prioritise_tasks(queue=house.queue, selection=ALL, priority="high", by=house.luis, at=house.clock)
    assert Event.objects.get(kind="queue.tasks_prioritised").data["priority"] == "high"


def test_an_empty_desk_says_whom_the_rest_waits_for(house, germanists, reserve):
    for key in ("a", "b"):
        house.task(key)
    reserve()
    empty = why_empty(queue=house.queue, person=house.ella, at=house.clock)
    assert empty.code == "reserved"
    assert "2 tasks wait for Germanists" in empty.message
    assert queues_for(person=house.ella, project=house.project).get().free == 0
    assert queues_for(person=house.erin, project=house.project).get().free == 2


def test_what_waits_for_others_is_not_said_to_be_leased(house, germanists, reserve):
    house.task("a")
    house.task("b", overlap=1)
    reserve(selection=Selection(keys=("a",)))
    house.lease(house.lena)
    empty = why_empty(queue=house.queue, person=house.ella, at=house.clock)
    assert empty.code == "all_leased"
    assert "1 task is leased" in empty.message


def test_a_group_is_told_what_is_reserved_for_it(house, germanists, reserve):
    from apps.accounts.models import Notification

    house.task("a")
    reserve()
    told = Notification.objects.filter(kind="tasks", title__contains="reserved for Germanists")
    assert {one.person for one in told} == {house.erin, house.emil}


def test_a_group_of_another_project_serves_nothing_here(house, germanists, reserve):
    from apps.projects.services import create_project

    house.sam.is_staff = True
    house.sam.save()
    elsewhere = create_project(slug="elsewhere", name="E", by=house.sam, at=house.clock)
    assert elsewhere.groups.count() == 0
    house.task("a")
    reserve()
    assert house.lease(house.ella) is None
    assert not Assignment.objects.exists()
