"""A compiled query gives the rows that its queryset would, however often and with whatever values."""

from __future__ import annotations

from typing import Any

import pytest

from apps.annotation.models import Assignment
from apps.core.compiled import CompiledQuery, Given

pytestmark = pytest.mark.django_db


def assignments(*, person: Any, key: Any) -> Any:
    wide = Assignment.objects.select_related("task__example", "task__queue", "person", "current")
    return wide.filter(person=person, task__example__key__lt=key, state__in=["leased", "submitted"]).order_by(
        "-pk"
    )


def columns(row: Any) -> dict[str, Any]:
    """Every column of the row and of all that was fetched with it."""
    own = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    related = {name: columns(one) if one else None for name, one in row._state.fields_cache.items()}
    return own | related


@pytest.fixture
def worked(house: Any) -> Any:
    for key in "abcd":
        house.task(key)
    for person in (house.erin, house.emil):
        house.submit(person, comment="“ä” 🙂")
        house.lease(person)
    return house


def test_it_gives_what_the_queryset_gives_with_all_that_is_fetched_along(worked):
    query = CompiledQuery(lambda: assignments(person=Given("person"), key=Given("key")))
    for person, key in ((worked.erin, "z"), (worked.emil, "z"), (worked.erin, "b"), (worked.ada, "z")):
        plain = list(assignments(person=person, key=key))
        found = query.rows(person=person.pk, key=key)
        assert [columns(row) for row in found] == [columns(row) for row in plain]
    assert len(query.rows(person=worked.erin.pk, key="z")) == 2


def test_what_it_gives_can_be_used_without_another_query(worked, django_assert_num_queries):
    query = CompiledQuery(lambda: assignments(person=Given("person"), key=Given("key")))
    query.rows(person=worked.erin.pk, key="z")
    queue = worked.queue
    with django_assert_num_queries(1):
        first = query.first(person=worked.erin.pk, key="z")
        assert (first.task.example.key, first.task.queue.pk, first.person) == (
            "b",
            queue.pk,
            worked.erin,
        )
        assert first.current is None


def test_a_value_that_is_missing_is_an_error_and_nothing_found_is_none(worked):
    query = CompiledQuery(lambda: assignments(person=Given("person"), key=Given("key")))
    with pytest.raises(KeyError):
        query.rows(person=worked.erin.pk)
    assert query.first(person=worked.erin.pk, key="") is None


def test_values_never_become_sql(worked):
    query = CompiledQuery(lambda: assignments(person=Given("person"), key=Given("key")))
    assert query.rows(person=worked.erin.pk, key="'; DROP TABLE annotation_task; --") == []
    assert len(query.rows(person=worked.erin.pk, key="z")) == 2
