"""Many assignments over HTTP: leased together, answered together, each answer by itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.annotation.models import Annotation, Assignment
from apps.projects.services import add_protocol
from tests.conftest import PROTOCOL

BATCH, ANSWERS = "projects/digits/assignments/batch/", "projects/digits/annotations/batch/"


def tasks(house: Any, n: int, **values: Any) -> None:
    for place in range(n):
        house.task(f"k{place}", **values)


def lease(caller: Any, n: int = 10) -> list[int]:
    return [one["id"] for one in caller.post(BATCH, {"n": n})["assignments"]]


def answer(assignment: int, label: str = "3", **more: Any) -> dict[str, Any]:
    key = f"key-{assignment}"
    return {"assignment": assignment, "idempotency_key": key, "answers": {"digit": label}, **more}


def test_a_batch_gives_each_task_as_next_does(house: Any, call: Any) -> None:
    tasks(house, 6)
    batch = call(house.erin).post(BATCH, {"n": 4})
    assert batch["empty"] is None
    assert len(batch["assignments"]) == 4
    task = batch["assignments"][0]["task"]
    assert task["payload"] == {"text": "the text of k0"}
    assert not {"reason", "stratum", "id", "overlap"} & set(task)


def test_asked_again_it_is_the_same_batch(house: Any, call: Any) -> None:
    tasks(house, 30)
    erin = call(house.erin)
    assert lease(erin) == lease(erin)


def test_a_large_batch_asks_the_database_no_more_than_a_small_one(
    house: Any, call: Any, django_assert_max_num_queries: Any
) -> None:
    tasks(house, 60)
    erin = call(house.erin)
    lease(erin, 2)  # the token's first use is written down
    with CaptureQueriesContext(connection) as small:
        assert len(lease(erin, 2)) == 2
    asked = len(small)  # now: the next request begins the log anew
    lease(erin, 20)
    with django_assert_max_num_queries(asked):
        assert len(lease(erin, 20)) == 20


def test_an_empty_batch_says_why(house: Any, call: Any) -> None:
    batch = call(house.erin).post(BATCH, {"n": 4})
    assert batch["assignments"] == []
    assert batch["empty"]["code"] == "all_done"


def test_answers_are_kept_each_under_its_own_key_and_count_once_when_sent_again(
    house: Any, call: Any
) -> None:
    tasks(house, 6)
    erin = call(house.erin)
    rows = [answer(pk, confidence=3, active_ms=700) for pk in lease(erin, 4)]
    first = erin.post(ANSWERS, {"answers": rows})["results"]
    again = erin.post(ANSWERS, {"answers": rows})["results"]
    assert [row["annotation"]["id"] for row in first] == [row["annotation"]["id"] for row in again]
    assert {row["annotation"]["state"] for row in first} == {"submitted"}
    assert Annotation.objects.count() == 4


def test_one_that_cannot_be_kept_says_so_in_its_row(house: Any, call: Any) -> None:
    tasks(house, 6)
    erin = call(house.erin)
    first, second, *_ = lease(erin, 4)
    rows = [answer(first, "7"), answer(second), answer(999_999)]
    wrong, kept, strange = erin.post(ANSWERS, {"answers": rows})["results"]
    assert (wrong["annotation"], wrong["error"]["code"]) == (None, "bad_input")
    assert (kept["annotation"]["answers"], kept["error"]) == ({"digit": "3"}, None)
    assert (strange["assignment"], strange["error"]["code"]) == (999_999, "not_found")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"confidnce": 3}, "confidnce"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"confidence": 9}, "confidence"),
        ({"assignment": "x"}, "assignment"),
    ],
)
def test_a_row_that_is_not_an_answer_is_named_and_nothing_is_kept(
    house: Any, call: Any, row: dict[str, Any], field: str
) -> None:
    tasks(house, 4)
    erin = call(house.erin)
    first, second, *_ = lease(erin)
    body = {"answers": [answer(first), {**answer(second), **row}]}
    error = erin.refused("post", ANSWERS, body, status=422, code="bad_input")
    assert field in str(error["fields"])
    assert not Annotation.objects.exists()


def test_more_than_a_batch_holds_is_refused(house: Any, call: Any) -> None:
    body = {"answers": [answer(n) for n in range(1, 102)]}
    call(house.erin).refused("post", ANSWERS, body, status=422, code="bad_input")
    call(house.erin).refused("post", BATCH, {"n": 101}, status=422, code="bad_input")


def test_a_protocol_that_asks_more_than_one_choice_gives_no_batch(house: Any, call: Any) -> None:
    second = {**PROTOCOL["questions"][1], "required": True}
    body = {**PROTOCOL, "questions": [PROTOCOL["questions"][0], second]}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a")
    call(house.erin).refused("post", BATCH, {"n": 10}, status=409, code="not_in_bulk")
    assert not Assignment.objects.exists()
