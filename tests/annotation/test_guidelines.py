"""The guidelines beside the card: there from the start as somebody left them, so that nothing moves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import House

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("left_open_by", "shown"), [("erin", True), ("emil", False), (None, False)])
def test_the_guidelines_are_open_for_who_left_them_open_in_this_browser(
    client: Any, house: House, left_open_by: str | None, shown: bool
) -> None:
    house.task("a")
    client.force_login(house.erin)
    if left_open_by:
        client.cookies[f"guidelines-{house.people[left_open_by].pk}"] = "open"
    page = client.get("/p/digits/desk/").content.decode()
    assert ('id="guidelines" open' in page) is shown
