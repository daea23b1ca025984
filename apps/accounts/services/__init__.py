"""Tokens made, found and revoked; people invited."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from apps.accounts.models import ApiToken, User
from apps.core.compiled import CompiledQuery, Given
from apps.core.errors import BadInput, NotFound
from apps.core.events import record_event

USE_NOTED_EVERY = timedelta(minutes=5)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_token(*, user: User, name: str, at: datetime, days: int | None = 365) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown this once and never kept."""
    name = name.strip()
    if not name or len(name) > 80:
        raise BadInput(
            "Give the token a name of 1 to 80 characters, so that you can tell it apart.", field="name"
        )
    secret = f"wst_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:10],
        digest=_digest(secret),
        created_at=at,
        expires_at=at + timedelta(days=days) if days else None,
    )
    record_event(kind="apitoken.created", row=token, at=at, actor=user, name=name)
    return token, secret


TOKEN = CompiledQuery(
    lambda: ApiToken.objects.select_related("user").filter(digest=Given("digest"), revoked_at=None)
)


def find_token(*, secret: str, at: datetime) -> ApiToken | None:
    """The live token with this secret, with its user; None when there is none."""
    token = TOKEN.first(digest=_digest(secret))
    if token is None or not token.user.is_active or (token.expires_at and token.expires_at <= at):
        return None
    return token


def note_token_use(*, token: ApiToken, at: datetime) -> None:
    """Write down that the token was used, at most every few minutes."""
    if token.last_used_at is None or at - token.last_used_at > USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)


@transaction.atomic
def revoke_token(*, user: User, token_id: int, at: datetime) -> None:
    token = ApiToken.objects.select_for_update().filter(pk=token_id, user=user, revoked_at=None).first()
    if token is None:
        raise NotFound("You have no such live token.")
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=at)
    record_event(kind="apitoken.revoked", row=token, at=at, actor=user, name=token.name)


@transaction.atomic
def invite_person(*, username: str, email: str, by: User, at: datetime) -> User:
    """The person with this e-mail address, made when unknown; they set their password by a link."""
    try:
        validate_email(email)
        User.username_validator(username)
    except ValidationError as error:
        raise BadInput(f"{' '.join(error.messages)}", field="email or username") from error
    known = User.objects.filter(email__iexact=email).first()
    if known:
        return known
    if User.objects.filter(username__iexact=username).exists():
        raise BadInput(
            f"The username {username!r} is taken by somebody else. Choose another.", field="username"
        )
    person = User(username=username, email=email.lower())
    person.set_unusable_password()
    person.save()
    record_event(kind="user.invited", row=person, at=at, actor=by, username=username)
    return person


def password_link(person: User) -> str:
    """The path at which this person sets a password; good until used or for three days."""
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    uid, _, token = key.partition("-")
    return reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
