"""Every error of the API is `{"error": {code, message}}`, wherever it arises, and says what to do."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import get_resolver

from apps.curricula.serializers import StartProposal

pytestmark = pytest.mark.django_db


def cursor(said: str) -> str:
    return b64encode(said.encode()).decode()


@pytest.mark.parametrize("path", ["nope/", "mining-runs/-1/", "imports/" + "9" * 5000 + "/"])
def test_an_address_that_does_not_exist_answers_in_json(call: Any, house: Any, path: str) -> None:
    error = call(house.lena).refused("get", path, status=404, code="not_found")
    assert "/api/v1/docs/" in error["message"]


def test_people_get_a_page_where_there_is_none(client: Any) -> None:
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


@pytest.mark.parametrize(("status", "given"), [(400, [Exception()]), (403, [Exception()]), (500, [])])
def test_a_fault_answers_programs_in_json_and_people_by_a_page(
    rf: RequestFactory, status: int, given: list[Exception]
) -> None:
    handler = get_resolver().resolve_error_handler(status)
    answer = handler(rf.get("/api/v1/projects/"), *given)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    page = handler(rf.get("/p/digits/"), *given)
    assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")


def test_without_a_token_the_answer_says_where_to_get_one(call: Any) -> None:
    error = call(None).refused("get", "projects/", status=401, code="not_authenticated")
    assert "`Authorization: Bearer wst_…`" in error["message"]
    assert "/you/tokens/" in error["message"]


def test_a_wrong_method_says_where_the_right_ones_stand(call: Any, house: Any) -> None:
    error = call(house.lena).refused("delete", "projects/digits/", status=405, code="method_not_allowed")
    assert "Allow" in error["message"]


def test_a_misspelt_field_is_refused_and_the_known_ones_are_named(call: Any, house: Any) -> None:
    body = {"dataset": "a" * 64, "notee": "x"}
    error = call(house.lena).refused("post", "projects/digits/proposals/", body, status=422, code="bad_input")
    assert list(error["fields"]) == ["notee"]
    for name in StartProposal().fields:
        assert name in error["fields"]["notee"][0]


def test_a_body_where_none_is_taken_is_refused(call: Any, house: Any) -> None:
    error = call(house.lena).refused(
        "post", "projects/digits/rounds/", {"number": 4}, status=422, code="bad_input"
    )
    assert "takes no body" in error["message"]
    assert not house.project.rounds.exists()


def test_a_body_that_is_not_read_says_what_is(call: Any, house: Any) -> None:
    lena = call(house.lena)
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
        error = lena.upload("projects/digits/recipes/", b"a=b", kind, status=415)["error"]
        assert error["code"] == "unsupported_media_type"
        assert "Send application/json." in error["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"seed": NaN}', b""])
def test_what_is_not_json_is_told_so(call: Any, house: Any, body: bytes) -> None:
    answer = call(house.lena).client.generic(
        "POST", "/api/v1/projects/digits/recipes/", body, content_type="application/json"
    )
    assert answer.status_code == (400 if body else 422)
    assert answer.json()["error"]["message"].endswith(".")


@pytest.mark.parametrize("size", ["-1", "0", "501", "ten", "", "²", "9" * 5000])
def test_a_page_size_out_of_range_is_refused(call: Any, house: Any, size: str) -> None:
    error = call(house.lena).get("projects/", page_size=size, status=422)["error"]
    assert error["field"] == "page_size"
    assert "1 to 500" in error["message"]


@pytest.mark.parametrize("given", ["nonsense", "", "ä", cursor(""), cursor("p=abc"), cursor("o=-1")])
def test_a_cursor_no_list_gave_is_refused_with_the_mend(call: Any, house: Any, given: str) -> None:
    error = call(house.lena).get("projects/", cursor=given, status=422)["error"]
    assert error["field"] == "cursor"
    assert "Leave `cursor` out" in error["message"]
