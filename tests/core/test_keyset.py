"""Lists by pages, newest first."""

from __future__ import annotations

import pytest

from apps.core.errors import BadInput
from apps.core.keyset import newest
from apps.examples.models import Example
from tests.conftest import House

pytestmark = pytest.mark.django_db


def test_pages_follow_each_other_without_gaps_or_repeats(house: House) -> None:
    for n in range(5):
        house.example(f"e{n}")
    rows = Example.objects.order_by("-pk")

    first = newest(rows, size=2)
    second = newest(rows, before=str(first.next), size=2)
    last = newest(rows, before=str(second.next), size=2)

    assert [[row.key for row in page.rows] for page in (first, second, last)] == [
        ["e4", "e3"],
        ["e2", "e1"],
        ["e0"],
    ]
    assert (first.first, second.first, last.next) == (True, False, None)


def test_a_key_that_is_no_number_is_refused(house: House) -> None:
    with pytest.raises(BadInput, match="not the number of a row"):
        newest(Example.objects.order_by("-pk"), before="x")
