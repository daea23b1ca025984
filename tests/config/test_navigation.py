"""Which place and which tab a page stands under."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.conftest import House

pytestmark = pytest.mark.django_db


def current(html: str) -> list[str]:
    """The labels of what is current, in the order of the page."""
    links = re.findall(
        r'<a class="(?:place|tab|menu-item)"[^>]*aria-current="page"[^>]*>(.*?)</a>', html, re.S
    )
    return [re.sub(r"<[^>]*>|\s+", " ", link).strip() for link in links]


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("", "lena", ["Round"]),
        ("data/a/", "lena", ["Data", "Browse"]),
        ("data/a/lineage/", "lena", ["Data", "Browse"]),
        ("imports/", "lena", ["Data", "Imports"]),
        ("models/", "erin", ["Teaching", "Models"]),
        ("runs/", "erin", ["Teaching", "Runs"]),
        ("calibration/mine/", "lena", ["People", "My work"]),
        ("members/", "ada", ["People", "Members"]),
        ("protocol/", "lena", ["Settings"]),
        ("protocol/1/", "lena", ["Settings"]),
        ("jobs/health/", "lena", ["Jobs and health"]),
    ],
)
def test_one_place_and_one_tab_are_current(
    client: Client, house: House, path: str, name: str, expected: list[str]
) -> None:
    house.example("a")
    client.force_login(house.people[name])
    assert current(client.get(f"/p/digits/{path}").content.decode()) == expected


def test_a_refused_form_stands_where_the_form_stood(client: Client, house: House) -> None:
    client.force_login(house.lena)
    answer = client.post("/p/digits/imports/upload/", {})
    assert answer.status_code == 422
    assert current(answer.content.decode()) == ["Data", "Imports"]
