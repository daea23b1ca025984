"""What people are told when the database breaks a request off."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction
from django.test import RequestFactory

from apps.core.api import problem
from apps.core.pages import DomainErrorMiddleware

pytestmark = pytest.mark.django_db


def broken_off(sqlstate: str) -> OperationalError:
    """What the database itself raises with this state."""
    with pytest.raises(OperationalError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'broken off' USING ERRCODE = '{sqlstate}'; END $$")
    return raised.value


@pytest.mark.parametrize(
    ("sqlstate", "code", "status", "words"),
    [
        ("40P01", "rows_busy", 409, "changed the same rows"),  # a deadlock
        ("40001", "rows_busy", 409, "changed the same rows"),  # serialisation failure
        ("57P03", "database_away", 503, "not answering"),  # it is starting up
    ],
)
def test_a_deadlock_is_told_apart_from_a_database_that_is_away(
    sqlstate: str, code: str, status: int, words: str
) -> None:
    error = broken_off(sqlstate)

    page = DomainErrorMiddleware(lambda _: None).process_exception(RequestFactory().get("/"), error)  # type: ignore[arg-type,return-value]
    answer = problem(error, {})

    assert page is not None
    assert answer is not None
    assert (page.status_code, page["X-Error-Code"]) == (status, code)
    assert words in page.content.decode()
    assert (answer.status_code, answer.data["error"]["code"]) == (status, code)
