"""Projects, members, protocols, tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import ApiToken, User
from apps.accounts.services import create_token, revoke_token


def test_staff_make_projects_and_see_their_own(house: Any, call: Any) -> None:
    ada = call(house.ada)
    made = ada.post(
        "projects/", {"slug": "birds", "name": "Birds", "limits": {"protected": "place"}}, status=201
    )
    assert (made["slug"], made["protocol"], made["limits"]) == ("birds", None, {"protected": "place"})
    assert {row["slug"] for row in ada.get("projects/")["results"]} == {"birds", "digits"}
    assert [row["slug"] for row in call(house.erin).get("projects/")["results"]] == ["digits"]
    assert call(house.sam).get("projects/")["results"] == []
    assert ada.get("projects/digits/")["protocol"] == 1


def test_others_make_no_projects(house: Any, call: Any) -> None:
    body = {"slug": "birds", "name": "Birds"}
    call(house.lena).refused("post", "projects/", body, status=403, code="not_allowed")


@pytest.mark.parametrize("slug", ["Birds", "two birds", "digits", ""])
def test_a_bad_slug_is_told(house: Any, call: Any, slug: str) -> None:
    call(house.ada).refused(
        "post", "projects/", {"slug": slug, "name": "Birds"}, status=422, code="bad_input"
    )


def test_members_are_added_by_username_and_invited_by_address(house: Any, call: Any) -> None:
    ada = call(house.ada)
    added = ada.post("projects/digits/members/", {"username": "sam", "role": "expert"}, status=201)
    assert (added["member"]["username"], added["password_link"]) == ("sam", None)
    new = {"username": "nora", "email": "nora@example.org", "role": "lead"}
    invited = ada.post("projects/digits/members/", new, status=201)
    assert invited["password_link"].startswith("http://testserver/accounts/password/reset/key/")
    assert ada.post("projects/digits/members/", new, status=201)["password_link"] is None
    assert User.objects.filter(username="nora").count() == 1
    names = [row["username"] for row in call(house.lena).get("projects/digits/members/")["results"]]
    assert {"sam", "nora"} < set(names)


def test_a_member_nobody_knows_needs_an_address(house: Any, call: Any) -> None:
    ada = call(house.ada)
    body = {"username": "nobody", "role": "expert"}
    assert (
        ada.refused("post", "projects/digits/members/", body, status=422, code="bad_input")["field"]
        == "email"
    )
    body = {"username": "erin", "email": "other@example.org", "role": "expert"}
    assert (
        ada.refused("post", "projects/digits/members/", body, status=422, code="bad_input")["field"]
        == "username"
    )
    body = {"username": "erin", "role": "king"}
    assert (
        "role"
        in ada.refused("post", "projects/digits/members/", body, status=422, code="bad_input")["fields"]
    )


def test_members_are_removed_but_not_the_last_admin(house: Any, call: Any) -> None:
    ada = call(house.ada)
    ada.delete("projects/digits/members/erin/")
    call(house.erin).get("projects/digits/", status=404)
    ada.refused("delete", "projects/digits/members/ada/", status=409, code="last_admin")
    ada.refused("delete", "projects/digits/members/sam/", status=404, code="not_found")


def test_protocols_are_versions_and_the_same_content_adds_none(house: Any, call: Any) -> None:
    lena = call(house.lena)
    second = lena.post(
        "projects/digits/protocols/", {**house.project.protocol.body, "confidence": "always"}, status=201
    )
    assert second["version"] == 2
    assert (
        lena.post(
            "projects/digits/protocols/", {**house.project.protocol.body, "confidence": "always"}, status=201
        )["version"]
        == 2
    )
    assert [row["version"] for row in lena.get("projects/digits/protocols/")["results"]] == [2, 1]


def test_a_protocol_is_posted_with_what_becomes_of_old_answers(house: Any, call: Any) -> None:
    lena, body = call(house.lena), house.project.protocol.body
    target = {**body["questions"][0], "options": ["three", "8"]}
    changed = {**body, "questions": [target]}
    said = {"from": 1, "questions": {"digit": {"values": {"3": "three"}}}}

    made = lena.post("projects/digits/protocols/", {**changed, "mapping": said}, status=201)

    assert made["mapping"] == {
        "from": 1,
        "questions": {
            "digit": {"becomes": "digit", "values": {"3": "three", "5": None, "8": "8"}},
            "legibility": {"becomes": None, "values": {"1": None, "2": None, "3": None}},
        },
    }
    moved = {**body, "mapping": said}
    lena.refused("post", "projects/digits/protocols/", moved, status=409, code="protocol_moved")
    for wrong in ([], "all", 3):
        lena.refused(
            "post", "projects/digits/protocols/", {**body, "mapping": wrong}, status=422, code="bad_input"
        )
    odd = {**body, "mapping": {"questions": {"digit": {"values": {"three": "four"}}}}}
    error = lena.refused("post", "projects/digits/protocols/", odd, status=422, code="bad_input")
    assert error["field"] == "mapping.questions.digit.values.three"


def test_a_bad_protocol_names_its_place(house: Any, call: Any) -> None:
    bad = {
        **house.project.protocol.body,
        "questions": [{"name": "digit", "kind": "choice", "target": True, "options": ["3"]}],
    }
    error = call(house.lena).refused("post", "projects/digits/protocols/", bad, status=422, code="bad_input")
    assert error["field"] == "questions[0].options"


# --- tokens


def bearer(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_token_signs_in_and_only_its_hash_is_kept(house: Any) -> None:
    token, secret = create_token(user=house.erin, name="laptop", at=timezone.now())
    assert bearer(secret).get("/api/v1/projects/").status_code == 200
    kept = str(list(ApiToken.objects.filter(pk=token.pk).values()))
    assert secret not in kept
    assert secret[12:] not in kept


@pytest.mark.parametrize("trouble", ["unknown", "revoked", "expired", "inactive person", "malformed"])
def test_a_token_that_does_not_hold_is_refused(house: Any, trouble: str) -> None:
    now = timezone.now()
    made = now - timedelta(days=2) if trouble == "expired" else now
    token, secret = create_token(user=house.erin, name="laptop", at=made, days=1)
    if trouble == "unknown":
        secret += "x"
    elif trouble == "revoked":
        revoke_token(user=house.erin, token_id=token.pk, at=now)
    elif trouble == "inactive person":
        User.objects.filter(pk=house.erin.pk).update(is_active=False)
    elif trouble == "malformed":
        secret += " and more"
    answer = bearer(secret).get("/api/v1/projects/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "authentication_failed"


def test_a_session_signs_in_too_but_writes_only_with_its_csrf_token(house: Any) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(house.lena)
    assert client.get("/api/v1/projects/digits/").status_code == 200
    answer = client.post("/api/v1/projects/digits/rounds/", {}, format="json")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "permission_denied"
