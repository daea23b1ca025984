"""Nothing promises a mail where none is sent; where it is, the way to a new password is in our words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

pytestmark = pytest.mark.django_db

CONSOLE = "django.core.mail.backends.console.EmailBackend"
RESET = "/accounts/password/reset/"


@pytest.mark.parametrize("path", [RESET, "/accounts/email/"])
def test_without_a_mail_server_one_is_told_whom_to_ask(
    client: Client, person: Any, settings: Any, path: str
) -> None:
    settings.EMAIL_BACKEND = CONSOLE
    erin = person("erin")
    for answer in (client.get(path), client.post(path, {"email": erin.email})):
        assert "No mail is sent from here" in answer.content.decode()
    client.force_login(erin)
    assert "E-mail addresses" not in client.get("/you/tokens/").content.decode()


def test_with_a_mail_server_a_link_comes_and_sets_a_password(client: Client, person: Any) -> None:
    erin = person("erin")
    assert "E-mail address" in client.get(RESET).content.decode()
    done = client.post(RESET, {"email": erin.email}, follow=True).content.decode()
    assert "Look into your mail" in done
    assert "Back to sign-in" in done
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)
    assert link
    form = client.get(link[1], follow=True)
    assert "New password once more" in form.content.decode()
    new = {"password1": "a-Fine-day-2026", "password2": "a-Fine-day-2026"}
    assert "Your password is set" in client.post(form.request["PATH_INFO"], new, follow=True).content.decode()
    erin.refresh_from_db()
    assert erin.check_password("a-Fine-day-2026")
    assert "This link is used up" in Client().get(link[1]).content.decode()


def test_ones_addresses_are_shown_in_our_words(client: Client, person: Any) -> None:
    client.force_login(person("erin"))
    added = client.post("/accounts/email/", {"action_add": "", "email": "e2@example.org"}, follow=True)
    html = added.content.decode()
    assert "A link to confirm it is on its way to e2@example.org." in html
    assert "not confirmed" in html
    assert "Email" not in html.replace("E-mail", "")
