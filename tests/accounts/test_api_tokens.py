"""Tokens for programs: shown once, kept as a digest, gone when revoked, expired or their owner leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.accounts.models import ApiToken
from apps.accounts.services import create_token, find_token, note_token_use, revoke_token
from apps.core.errors import BadInput, NotFound
from apps.core.models import Event

pytestmark = pytest.mark.django_db


def test_a_token_is_found_by_its_secret_which_is_not_kept(person, at):
    erin = person("erin")
    token, secret = create_token(user=erin, name="notebook", at=at)
    assert find_token(secret=secret, at=at) == token
    kept = ApiToken.objects.values().get()
    assert secret not in {str(value) for value in kept.values()}
    assert secret.startswith(kept["prefix"])
    assert secret not in str(Event.objects.get(kind="apitoken.created").data)


def test_a_wrong_secret_finds_nothing(person, at):
    _, secret = create_token(user=person("erin"), name="notebook", at=at)
    assert find_token(secret=secret[:-1], at=at) is None


def test_a_token_ends_when_it_expires_and_not_before(person, at):
    _, secret = create_token(user=person("erin"), name="short", at=at, days=1)
    assert find_token(secret=secret, at=at + timedelta(hours=23)) is not None
    assert find_token(secret=secret, at=at + timedelta(days=1)) is None


def test_a_token_without_days_does_not_expire(person, at):
    _, secret = create_token(user=person("erin"), name="forever", at=at, days=None)
    assert find_token(secret=secret, at=at + timedelta(days=5_000)) is not None


def test_a_revoked_token_finds_nothing_and_is_revoked_once(person, at):
    erin = person("erin")
    token, secret = create_token(user=erin, name="notebook", at=at)
    revoke_token(user=erin, token_id=token.pk, at=at)
    assert find_token(secret=secret, at=at) is None
    with pytest.raises(NotFound):
        revoke_token(user=erin, token_id=token.pk, at=at)


def test_nobody_revokes_the_token_of_somebody_else(person, at):
    token, secret = create_token(user=person("erin"), name="notebook", at=at)
    with pytest.raises(NotFound):
        revoke_token(user=person("emil"), token_id=token.pk, at=at)
    assert find_token(secret=secret, at=at) == token


def test_the_token_of_a_deactivated_person_stops_working(person, at):
    erin = person("erin")
    _, secret = create_token(user=erin, name="notebook", at=at)
    erin.is_active = False
    erin.save()
    assert find_token(secret=secret, at=at) is None


def test_use_is_noted_at_most_every_few_minutes(person, at):
    token, secret = create_token(user=person("erin"), name="notebook", at=at)
    for minutes, noted in ((0, 0), (4, 0), (6, 6)):
        token = find_token(secret=secret, at=at + timedelta(minutes=minutes))
        note_token_use(token=token, at=at + timedelta(minutes=minutes))
        token.refresh_from_db()
        assert token.last_used_at == at + timedelta(minutes=noted)


@pytest.mark.parametrize("name", ["", "   ", "n" * 81])
def test_a_token_needs_a_name_of_bearable_length(person, at, name):
    with pytest.raises(BadInput, match="name"):
        create_token(user=person("erin"), name=name, at=at)
    assert not ApiToken.objects.exists()
