"""People invited by e-mail address: made once, and signed in only after setting a password by their link."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import invite_person, password_link
from apps.core.errors import BadInput

pytestmark = pytest.mark.django_db


def invite(by, at, username="nora", email="nora@example.org"):
    return invite_person(username=username, email=email, by=by, at=at)


def test_an_invited_person_has_no_password_until_they_set_one(person, at):
    nora = invite(person("ada"), at)
    assert not nora.has_usable_password()
    assert not nora.is_staff


def test_a_known_address_is_not_made_twice_whatever_its_case(person, at):
    erin = person("erin")
    assert invite(person("ada"), at, username="other", email="ERIN@example.org") == erin
    assert User.objects.filter(email__iexact="erin@example.org").count() == 1


def test_a_username_of_somebody_else_is_refused(person, at):
    person("erin")
    with pytest.raises(BadInput, match="taken"):
        invite(person("ada"), at, username="Erin")


@pytest.mark.parametrize(("username", "email"), [("nora", "no address"), ("no ra", "nora@example.org")])
def test_a_bad_address_or_name_is_refused_and_makes_nobody(person, at, username, email):
    ada = person("ada")
    with pytest.raises(BadInput):
        invite(ada, at, username=username, email=email)
    assert list(User.objects.all()) == [ada]


def test_the_link_sets_a_password_that_signs_in_and_works_once(person, at):
    nora = invite(person("ada"), at)
    link = password_link(nora)
    newcomer = Client()
    form = newcomer.get(link, follow=True)
    new = {"password1": "a-Fine-day-2026", "password2": "a-Fine-day-2026"}
    newcomer.post(form.request["PATH_INFO"], new)
    nora.refresh_from_db()
    assert nora.check_password("a-Fine-day-2026")
    assert "password1" not in Client().get(link, follow=True).content.decode()
