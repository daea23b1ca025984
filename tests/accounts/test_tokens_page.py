"""The page of one's API tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import ApiToken
from apps.accounts.services import create_token

PAGE = "/you/tokens/"


def secret_in(html: str) -> str:
    found = re.search(r'id="secret" value="(wst_[\w-]+)"', html)
    assert found, "the page shows no secret"
    return found[1]


def test_signed_out_people_are_asked_to_sign_in(client: Any, db: Any) -> None:
    for method, path in [("get", ""), ("post", "create/"), ("post", "1/revoke/")]:
        answer = getattr(client, method)(f"{PAGE}{path}")
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/")


def test_without_tokens_the_page_says_what_they_are_for(client: Any, person: Any) -> None:
    client.force_login(person("erin"))
    assert "No token in use" in client.get(PAGE).content.decode()


def test_a_new_token_is_shown_once_and_signs_in(client: Any, person: Any) -> None:
    client.force_login(person("erin"))
    answer = client.post(f"{PAGE}create/", {"name": "labelling script", "days": "30"})
    secret = secret_in(answer.content.decode())
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in client.get(PAGE).content.decode()
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert api.get("/api/v1/projects/").status_code == 200
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days == 30


def test_under_htmx_only_the_part_comes_back(client: Any, person: Any) -> None:
    client.force_login(person("erin"))
    answer = client.post(f"{PAGE}create/", {"name": "a", "days": "90"}, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert html.strip().startswith('<div id="tokens"')
    secret_in(html)


def test_a_token_without_a_name_is_refused_with_the_form_kept(client: Any, person: Any) -> None:
    client.force_login(person("erin"))
    answer = client.post(f"{PAGE}create/", {"name": "", "days": "90"})
    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()
    assert client.post(f"{PAGE}create/", {"name": "x", "days": "100000"}).status_code == 422
    assert not ApiToken.objects.exists()


def test_a_revoked_token_stands_under_ended(client: Any, person: Any) -> None:
    erin = person("erin")
    client.force_login(erin)
    token, _ = create_token(user=erin, name="old laptop", at=timezone.now())
    assert client.post(f"{PAGE}{token.pk}/revoke/").url == PAGE
    html = client.get(PAGE).content.decode()
    assert "No token in use" in html
    assert "old laptop" in html
    assert client.post(f"{PAGE}{token.pk}/revoke/").status_code == 404


def test_an_expired_token_stands_under_ended(client: Any, person: Any) -> None:
    erin = person("erin")
    client.force_login(erin)
    create_token(user=erin, name="last year", at=timezone.now() - timedelta(days=400))
    html = client.get(PAGE).content.decode()
    assert "No token in use" in html
    assert "expired" in html


def test_nobody_sees_or_revokes_the_token_of_another(client: Any, person: Any) -> None:
    token, _ = create_token(user=person("emil"), name="emils laptop", at=timezone.now())
    client.force_login(person("erin"))
    assert "emils laptop" not in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_the_page_is_reached_from_under_ones_name(client: Any, person: Any) -> None:
    client.force_login(person("erin"))

    assert f'href="{PAGE}"' in client.get("/").content.decode()
