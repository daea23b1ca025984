"""Where a person lands: their one project's board, their projects with the next action, or what to do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.projects.models import Project
from apps.projects.services import add_protocol, create_project, set_member
from apps.rounds.projects import projects_of
from apps.rounds.services import open_first_round
from tests.conftest import PROTOCOL, House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


def home(client: Client, house: House, name: str) -> str:
    client.force_login(house.people[name])
    return client.get("/").content.decode()


def test_signed_out_one_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_with_one_project_one_lands_on_its_board(client: Client, house: House) -> None:
    client.force_login(house.erin)
    assert client.get("/")["Location"] == "/p/digits/"


def test_with_several_what_waits_for_oneself_comes_first(client: Client, house: House) -> None:
    other = create_project(slug="aardvarks", name="Aardvarks", by=house.ada, at=house.clock)
    set_member(project=other, person=house.lena, role="expert", by=house.ada, at=house.clock)

    html = home(client, house, "lena")

    assert html.index('<h2><a href="/p/digits/">') < html.index('<h2><a href="/p/aardvarks/">')
    assert html.count("your turn") == 1
    assert "Import examples" in html
    assert "Add a protocol" in html


def test_ten_projects_ask_the_database_no_more_than_two_do(
    client: Client, house: House, django_assert_num_queries: Any
) -> None:
    def grow(n: int) -> int:
        slug = f"more-{n}"
        made = create_project(slug=slug, name=slug, by=house.ada, at=house.clock)
        set_member(project=made, person=house.lena, role="lead", by=house.ada, at=house.clock)
        if n % 2:
            add_protocol(project=made, body=PROTOCOL, by=house.lena, at=house.clock)
            open_first_round(project=made, by=house.lena, at=house.clock)
        return n

    Turn(house).mined()
    grow(0)
    grow(1)
    projects_of(person=house.lena, at=house.clock)
    with CaptureQueriesContext(connection) as few:
        projects_of(person=house.lena, at=house.clock)
    for n in range(2, 10):
        grow(n)

    with django_assert_num_queries(len(few)):
        found = projects_of(person=house.lena, at=house.clock)

    assert len(found) == 11
    assert len(few) <= 14


def test_with_none_one_is_told_whom_to_ask(client: Client, house: House) -> None:
    html = home(client, house, "sam")
    assert "You are in no project yet" in html
    assert "New project" not in html


def test_staff_make_a_project_and_land_on_its_board(client: Client, house: House) -> None:
    client.force_login(house.ada)
    answer = client.post("/projects/create/", {"name": "Letters", "slug": "letters"})

    assert answer["Location"] == "/p/letters/"
    assert "Add a protocol" in client.get("/p/letters/").content.decode()


def test_a_taken_slug_is_refused_beside_its_field(client: Client, house: House) -> None:
    client.force_login(house.ada)
    answer = client.post("/projects/create/", {"name": "Again", "slug": "digits"})

    assert answer.status_code == 422
    assert "already a project" in answer.content.decode()
    assert Project.objects.count() == 1


def test_others_make_no_projects(client: Client, house: House) -> None:
    client.force_login(house.lena)
    assert client.post("/projects/create/", {"name": "Mine", "slug": "mine"}).status_code == 403
    assert not Project.objects.filter(slug="mine").exists()
