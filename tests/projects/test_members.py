"""Who is in the project: added, invited, given roles, taken out."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.core.errors import NotAllowed
from apps.projects.models import Membership
from apps.projects.services import add_protocol, remove_member, set_member
from tests.conftest import House

pytestmark = pytest.mark.django_db


def add(client: Client, house: House, who: str, role: str = "expert", by: str = "ada") -> HttpResponse:
    client.force_login(house.people[by])
    answer: HttpResponse = client.post(
        reverse("projects:add_member", args=["digits"]), {"who": who, "role": role}
    )
    return answer


def roles(house: House) -> dict[str, str]:
    return dict(Membership.objects.filter(project=house.project).values_list("person__username", "role"))


def post(client: Client, house: House, view: str, name: str, by: str = "ada", **values: str) -> int:
    client.force_login(house.people[by])
    return client.post(
        reverse(f"projects:{view}", args=["digits", house.people[name].pk]), values
    ).status_code


def test_somebody_known_is_added_by_username_or_address_without_a_link(client: Client, house: House) -> None:
    assert add(client, house, "sam").status_code == 302
    assert add(client, house, "SAM@example.org", role="lead").status_code == 302
    assert roles(house)["sam"] == "lead"


def test_a_new_person_gets_a_link_that_is_shown_once_and_sets_a_password(
    client: Client, house: House
) -> None:
    html = add(client, house, "nora@example.org").content.decode()
    link = re.search(r'value="http://testserver(/[^"]+)"', html)
    assert link, "the admin is shown the link"
    again = client.get(reverse("projects:members", args=["digits"])).content.decode()
    assert link[1] not in again

    client.logout()
    form = client.get(link[1], follow=True)
    client.post(
        form.redirect_chain[-1][0],
        {"password1": "a-quite-long-one", "password2": "a-quite-long-one"},
        follow=True,
    )

    assert User.objects.get(username="nora").check_password("a-quite-long-one")
    assert roles(house)["nora"] == "expert"


def test_somebody_who_has_an_account_never_yields_a_link(client: Client, house: House) -> None:
    add(client, house, "sam@example.org")

    html = client.get(reverse("projects:members", args=["digits"])).content.decode()

    assert "/password/" not in html.partition("<main")[2]


def test_an_unknown_name_is_answered_with_what_to_do(client: Client, house: House) -> None:
    answer = add(client, house, "nobody")

    assert answer.status_code == 422
    assert "Give their e-mail address to invite them" in answer.content.decode()


def test_a_role_is_changed_and_a_member_removed(client: Client, house: House) -> None:
    assert post(client, house, "set_role", "erin", role="lead") == 302
    assert post(client, house, "remove_member", "emil") == 302
    assert roles(house)["erin"] == "lead"
    assert "emil" not in roles(house)


def test_the_last_admin_can_neither_leave_nor_step_down(client: Client, house: House) -> None:
    assert post(client, house, "remove_member", "ada") == 409
    assert post(client, house, "set_role", "ada", role="lead") == 409
    assert roles(house)["ada"] == "admin"


def test_somebody_outside_the_project_cannot_be_given_a_role_by_number(client: Client, house: House) -> None:
    assert post(client, house, "set_role", "sam", role="lead") == 404


def test_leads_look_and_do_not_touch(client: Client, house: House) -> None:
    client.force_login(house.lena)
    html = client.get(reverse("projects:members", args=["digits"])).content.decode()

    assert "erin@example.org" in html
    assert "Add a member" not in html
    assert post(client, house, "set_role", "erin", by="lena", role="lead") == 403
    assert add(client, house, "sam", by="lena").status_code == 403
    assert roles(house)["erin"] == "expert"


def test_the_services_check_the_role_themselves(house: House) -> None:
    with pytest.raises(NotAllowed):
        set_member(project=house.project, person=house.sam, role="lead", by=house.lena, at=house.clock)
    with pytest.raises(NotAllowed):
        remove_member(project=house.project, person=house.erin, by=house.lena, at=house.clock)
    with pytest.raises(NotAllowed):
        add_protocol(project=house.project, body={}, by=house.erin, at=house.clock)
