"""Whatever text is sent, and wherever: the answer says what is wrong with it, and is never a fault of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.accounts.services import create_token
from tests.conftest import House

P = "/api/v1/projects/digits/"
NUL = "\0"

ODD = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="\0\ud800%2500/\\'\"<>{}[]²٣-.\u202e", max_size=8),
    st.integers(min_value=-(10**40), max_value=10**40).map(str),
)
PATHS = [
    "p/{}/",
    "p/digits/data/{}/",
    "p/digits/data/{}/lineage/",
    "p/digits/rounds/{}/",
    "p/digits/proposals/{}/",
    "p/digits/datasets/{}/",
    "accounts/password/reset/key/{}/",
    "api/v1/projects/{}/",
    "api/v1/projects/digits/dataset-versions/{}/",
    "api/v1/projects/digits/aliases/{}/",
    "api/v1/mining-runs/{}/",
    "api/v1/assignments/{}/",
]
QUERIES = [
    "p/digits/data/?after={}",
    "p/digits/data/?label={}&sort=key",
    "p/digits/data/?sort=margin&after={}",
    "p/digits/audit/?before={}&person={}&kind={}&object={}",
    "p/digits/mining/?before={}",
    "api/v1/projects/?cursor={}",
    "api/v1/projects/?page_size={}",
    "api/v1/projects/digits/tasks/?state={}",
    "api/v1/projects/digits/events/?kind={}&actor={}",
    "accounts/login/?next={}",
]
FORMS = {
    "p/digits/models/roll-back/": ["reason"],
    "p/digits/members/add/": ["who", "username", "role"],
    "p/digits/protocol/save/": ["body"],
    "you/tokens/create/": ["name", "days"],
    "accounts/login/": ["login", "password"],
    "projects/create/": ["name", "slug"],
}
BODIES = {
    "post gold/": ["labels"],
    "post members/": ["username", "email", "role"],
    "post protocols/": ["fields", "questions", "guidelines"],
    "post recipes/": ["learner", "params", "name"],
    "post proposals/": ["dataset", "note"],
    "post mining-runs/": ["policy", "seed", "prediction_set"],
    "post aliases/production/": ["action", "reason"],
}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(ODD, st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD, inner, max_size=3)),
    max_leaves=6,
)
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def knocker(house: House) -> Client:
    """The admin at a browser; a fault of ours comes back as its answer instead of raising."""
    client = Client(raise_request_exception=False)
    client.force_login(house.ada)
    return client


@pytest.fixture
def caller(house: House) -> Client:
    """A lead's program."""
    _, secret = create_token(user=house.lena, name="odd", at=timezone.now())
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})


def written(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@FEW
@given(ODD)
@example(NUL)
@example("%00")
@example("9" * 5000)
@example("²")
def test_no_address_breaks(knocker: Client, caller: Client, text: str) -> None:
    for client in (knocker, caller):
        for address in PATHS + QUERIES:
            answer = client.get("/" + address.replace("{}", written(text)))
            assert answer.status_code < 500, address


@FEW
@given(ODD)
@example(NUL)
@example("[" * 100_000)
@example('{"a": "\\u0000"}')
def test_no_form_breaks(knocker: Client, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    for address, names in FORMS.items():
        for name in names:
            answer = knocker.post(f"/{address}", {"role": "expert"} | {name: text})
            assert answer.status_code < 500, (address, name)


@FEW
@given(JSON)
@example({NUL: "1"})
@example({"a": NUL})
@example({"a": "\ud800"})
@example({"a": float("nan")})
@example({"a": 10**400})
def test_no_body_breaks_the_api(caller: Client, value: Any) -> None:
    for operation, names in BODIES.items():
        method, path = operation.split()
        for name in names:
            body = json.dumps({name: value})
            answer = caller.generic(method.upper(), P + path, body, content_type="application/json")
            assert answer.status_code < 500, (operation, name)
            if answer.status_code >= 400:
                assert answer.json()["error"]["message"], (operation, name)


def test_json_nested_beyond_reason_is_refused(caller: Client, house: House) -> None:
    house.task("a")
    assignment = house.lease(house.lena)
    assert assignment is not None
    url = f"/api/v1/assignments/{assignment.pk}/draft/"
    for depth in (101, 100_000):
        body = '{"draft": ' + "[" * depth + "]" * depth + "}"
        answer = caller.put(url, body, content_type="application/json")
        assert answer.status_code == 422
        assert "nested more than 100 deep" in answer.json()["error"]["message"]


def test_nul_is_refused_by_name_and_nothing_changes(knocker: Client, caller: Client, house: House) -> None:
    answer = knocker.post("/p/digits/models/roll-back/", {"reason": "a\0b"})
    assert (answer.status_code, "The field &#x27;reason&#x27; holds" in answer.content.decode()) == (
        422,
        True,
    )

    answer = caller.post(f"{P}gold/", '{"labels": {"\\u0000": "1"}}', content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_input")
    assert caller.delete(f"{P}members/%00/").status_code == 422
    assert house.project.memberships.count() == 6


def test_under_htmx_odd_input_is_answered_by_a_part(knocker: Client) -> None:
    answer = knocker.get("/p/digits/data/?after=%00", headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "<html" not in answer.content.decode()
    assert answer.headers["X-Error-Code"] == "bad_input"
