"""The command palette finds what the person asking may see and do, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from apps.config.navigation import ACTIONS, MORE, PLACES
from apps.projects.permissions import MAY
from apps.projects.services import create_project, set_member
from tests.architecture.test_roles import person_as
from tests.conftest import House

pytestmark = pytest.mark.django_db


def found(client: Client, person: Any) -> list[dict[str, str]]:
    client.force_login(person)
    items: list[dict[str, str]] = client.get("/palette/").json()["items"]
    return items


def labels(client: Client, person: Any, where: str) -> set[str]:
    return {item["label"] for item in found(client, person) if item["where"] == where}


@pytest.mark.parametrize("role", ["expert", "lead", "admin"])
def test_every_address_it_gives_is_open_to_who_asks(client: Client, house: House, role: str) -> None:
    urls = {item["url"] for item in found(client, person_as(house, role))}
    answers = {url: client.get(url, follow=True).status_code for url in urls}
    assert {url: code for url, code in answers.items() if code != 200} == {}


def test_a_role_finds_exactly_what_the_tables_say(client: Client, house: House) -> None:
    tables = [
        *(entry for _, _, entries in PLACES.values() for entry in entries),
        *(row[:3] for row in MORE),
        *ACTIONS,
    ]
    for role in ("expert", "lead", "admin"):
        may = {label for label, _, action in tables if role in MAY[action]}
        assert labels(client, person_as(house, role), "Digits") == may | {"Digits"}, role


def test_projects_of_others_are_not_given_away(client: Client, house: House) -> None:
    house.sam.is_staff = True
    house.sam.save()
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", by=house.sam, at=house.clock)
    assert labels(client, house.erin, "Elsewhere") == set()
    set_member(project=elsewhere, person=house.erin, role="lead", by=house.sam, at=house.clock)
    assert "Start mining" in labels(client, house.erin, "Elsewhere")
    assert "Start mining" not in labels(client, house.erin, "Digits")


def test_ones_own_pages_stand_in_it_as_in_the_menu(client: Client, house: House) -> None:
    own = labels(client, house.erin, "You")
    menu = client.get("/", follow=True).content.decode()
    assert {"Notifications", "Keys", "API tokens"} <= own
    assert [label for label in own if f"</svg>{label}</a>" not in re.sub(r"\n\s*", "", menu)] == []


def test_it_is_answered_again_only_when_it_has_changed(client: Client, house: House) -> None:
    client.force_login(house.erin)
    first = client.get("/palette/")
    again = client.get("/palette/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert "private" in first["Cache-Control"]
    set_member(project=house.project, person=house.erin, role="lead", by=house.ada, at=house.clock)
    assert client.get("/palette/", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_it_asks_the_database_once_whatever_the_number_of_projects(
    client: Client, house: House, django_assert_num_queries: Any
) -> None:
    for n in range(5):
        create_project(slug=f"more-{n}", name=f"More {n}", by=house.ada, at=house.clock)
    client.force_login(house.ada)
    with django_assert_num_queries(3):  # session, person, memberships
        client.get("/palette/")
