"""Forms as every page shows them."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.training.models import Benchmark
from tests.conftest import House, behind_the_triggers
from tests.turn import Turn

pytestmark = pytest.mark.django_db


def test_what_people_named_is_text_in_the_help_of_a_field(client: Client, house: House) -> None:
    turn = Turn(house)
    with behind_the_triggers():
        Benchmark.objects.update(name="<img src=x onerror=alert(1)>")
    turn.mined()
    turn.gate()
    client.force_login(house.lena)

    html = client.get("/p/digits/").content.decode()
    html += client.post("/p/digits/rounds/1/reflect/", {"expected": "kept"}).content.decode()

    assert "on &lt;img src=x onerror=alert(1)&gt; (95 % interval" in html, "the hint is there"
    assert "<img src=x" not in html


def test_our_own_markup_in_the_help_of_a_field_is_markup(client: Client, house: House) -> None:
    client.force_login(house.lena)

    assert "<code>key,label</code>" in client.get("/p/digits/gold/").content.decode()
