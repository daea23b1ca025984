"""After how much work a break is offered: each person's own choice."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.services.keys import choose_break
from apps.core.errors import BadInput
from tests.conftest import House

pytestmark = pytest.mark.django_db
URL = "/you/keys/break/"


def test_a_break_is_offered_after_fifty_minutes_unless_one_says_otherwise(client: Any, house: House) -> None:
    client.force_login(house.erin)
    assert 'data-break="50"' in client.get("/p/digits/desk/").content.decode()
    assert client.post(URL, {"minutes": "0"}).url == "/you/keys/"
    assert 'data-break="0"' in client.get("/p/digits/desk/").content.decode()
    assert '<option value="0" selected>' in client.get("/you/keys/").content.decode()


@pytest.mark.parametrize("minutes", ["", "7", "x", "-1"])
def test_a_time_that_is_not_offered_is_refused_in_words(client: Any, house: House, minutes: str) -> None:
    client.force_login(house.erin)
    answer = client.post(URL, {"minutes": minutes})
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    house.erin.refresh_from_db()
    assert house.erin.break_minutes == 50


def test_the_service_names_what_can_be_chosen(house: House) -> None:
    with pytest.raises(BadInput, match="choose one of 0, 25, 50, 90"):
        choose_break(person=house.erin, minutes=7)
