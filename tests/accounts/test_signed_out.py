"""Signed out in the middle of something: after signing in one is back at a page, with the way on."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

HERE = "http://testserver"


def following(answer: Any) -> str:
    """Where one goes on after signing in."""
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login/")
    return parse_qs(urlsplit(answer.url).query)["next"][0]


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (f"{HERE}/p/digits/models/?sort=new", "/p/digits/models/?sort=new"),
        ("", "/p/digits/models/"),
        ("http://elsewhere.example/p/digits/models/3/", "/p/digits/models/"),
        (f"{HERE}//elsewhere.example/", "/p/digits/models/"),
        (f"{HERE}/no/such/page/", "/p/digits/models/"),
        ("javascript:alert(1)", "/p/digits/models/"),
    ],
)
def test_a_form_leads_back_to_the_page_it_was_on(client: Client, house: Any, referer: str, back: str) -> None:
    answer = client.post("/p/digits/models/roll-back/", {"reason": "worse"}, headers={"Referer": referer})
    assert following(answer) == back


def test_a_page_leads_back_to_itself(client: Client, house: Any) -> None:
    assert following(client.get("/p/digits/data/?split=pool")) == "/p/digits/data/?split=pool"
    assert following(client.post("/you/tokens/3/revoke/")) == "/you/tokens/"
    assert following(client.post("/p/digits/rounds/open/")) == "/p/digits/"


def test_an_address_that_only_takes_forms_shows_a_page_with_the_way_back(client: Client, house: Any) -> None:
    client.force_login(house.lena)
    answer = client.get("/p/digits/models/roll-back/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    html = answer.content.decode()
    assert "it only takes what a form sends" in html
    assert 'href="/p/digits/models/"' in html


def test_a_refusal_stands_in_the_projects_frame_and_leads_back(client: Client, house: Any) -> None:
    client.force_login(house.ada)
    back = f"{HERE}/p/digits/models/"
    answer = client.post("/p/digits/models/roll-back/", {"reason": "x"}, headers={"Referer": back})
    html = answer.content.decode()
    assert answer.status_code == 403
    assert "You can give yourself the role under Members" in html
    assert 'aria-label="Places"' in html
    assert 'href="/p/digits/models/">Go back' in html
    assert "data-not-sent" in html
