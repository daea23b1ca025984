"""Groups of members: made, renamed, filled, dissolved."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.errors import BadInput, NotAllowed
from apps.core.models import Event
from apps.projects.models import Group
from apps.projects.queries import able_people, audiences
from apps.projects.services import remove_member, set_member
from apps.projects.services.groups import audience, change_group, make_group
from tests.conftest import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def shift(house: House) -> Group:
    people = ["erin", "lena", "ada"]
    return make_group(project=house.project, name="Night shift", people=people, by=house.luis, at=house.clock)


@pytest.fixture
def lena(client: Client, house: House) -> Client:
    client.force_login(house.lena)
    return client


def url(name: str, *numbers: int) -> str:
    return reverse(f"projects:{name}", args=["digits", *numbers])


def test_a_lead_makes_a_group_on_the_members_page(lena: Client, house: House) -> None:
    given = {"name": " Night   shift ", "people": ["erin", "emil"]}
    assert lena.post(url("make_group"), given).status_code == 302
    page = lena.get(url("members")).content.decode()
    assert "Night shift" in page
    assert Event.objects.get(kind="group.made").data["people"] == [house.erin.pk, house.emil.pk]


def test_a_group_is_renamed_filled_and_emptied(lena: Client, house: House, shift: Group) -> None:
    lena.post(url("change_group", shift.pk), {"name": "Day shift", "people": ["emil"]})
    shift.refresh_from_db()
    assert (shift.name, list(shift.people.all())) == ("Day shift", [house.emil])
    lena.post(url("change_group", shift.pk), {"name": "Day shift"})
    assert not shift.people.exists()


def test_a_group_is_dissolved(lena: Client, shift: Group) -> None:
    lena.post(url("dissolve_group", shift.pk))
    assert not Group.objects.exists()
    assert Event.objects.get(kind="group.dissolved").data == {"name": "Night shift"}
    assert lena.post(url("dissolve_group", shift.pk)).status_code == 404


def test_a_name_is_given_once_and_is_not_empty(house: House, shift: Group) -> None:
    for name in ("night shift", "  ", "x" * 61):
        with pytest.raises(BadInput):
            make_group(project=house.project, name=name, people=[], by=house.lena, at=house.clock)
    assert Group.objects.count() == 1


def test_only_members_are_in_a_group(house: House, shift: Group) -> None:
    with pytest.raises(BadInput, match="'sam' is no member"):
        change_group(group=shift, name="x", people=["erin", "sam"], by=house.lena, at=house.clock)
    shift.refresh_from_db()
    assert shift.name == "Night shift"


def test_what_was_wrong_is_said_beside_the_form(lena: Client, shift: Group) -> None:
    answer = lena.post(url("make_group"), {"name": "Night Shift"}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "already a group" in answer.content.decode()


def test_an_expert_makes_no_groups(house: House) -> None:
    with pytest.raises(NotAllowed):
        make_group(project=house.project, name="x", people=[], by=house.erin, at=house.clock)


def test_who_may_answer_are_active_members_of_a_role_that_annotates(house: House, shift: Group) -> None:
    assert set(able_people(group=shift)) == {house.erin.pk, house.lena.pk}
    house.erin.is_active = False
    house.erin.save()
    assert able_people(group=shift) == [house.lena.pk]


def test_who_leaves_the_project_leaves_its_groups_and_keeps_no_way_back(house: House, shift: Group) -> None:
    remove_member(project=house.project, person=house.erin, by=house.ada, at=house.clock)
    set_member(project=house.project, person=house.erin, role="expert", by=house.ada, at=house.clock)
    assert not shift.people.filter(pk=house.erin.pk).exists()


def test_what_is_reserved_for_one_person_waits_for_them_to_come_back(house: House) -> None:
    own = audience(project=house.project, address="person:erin", at=house.clock)
    assert own is not None
    assert audience(project=house.project, address="person:erin", at=house.clock) == own
    remove_member(project=house.project, person=house.erin, by=house.ada, at=house.clock)
    assert able_people(group=own) == []
    set_member(project=house.project, person=house.erin, role="expert", by=house.ada, at=house.clock)
    assert able_people(group=own) == [house.erin.pk]


def test_a_persons_own_group_is_no_group_on_the_page(lena: Client, house: House, shift: Group) -> None:
    audience(project=house.project, address="person:emil", at=house.clock)
    assert list(lena.get(url("members")).context["groups"]) == [shift]
    found = dict(audiences(project=house.project))
    assert found["group:Night shift"] == "Night shift (group)"
    assert found["person:emil"] == "emil"
    assert "person:ada" not in found
