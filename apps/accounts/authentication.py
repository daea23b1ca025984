"""Signs API requests in: by `Authorization: Bearer wst_…`, or by a browser's session."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts.models import ApiToken, User
from apps.accounts.services import find_token, note_token_use


class TokenAuthentication(BaseAuthentication):
    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() not in {"bearer", "token"}:
            return None
        if len(words) != 2:
            raise AuthenticationFailed("The Authorization header must read `Bearer <token>`.")
        now = timezone.now()
        token = find_token(secret=words[1], at=now)
        if token is None:
            raise AuthenticationFailed(
                "This token is unknown, expired or revoked. Make a new one under your name."
            )
        note_token_use(token=token, at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "apps.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class BrowserAuthentication(SessionAuthentication):
    """As REST framework's, but for where it looks for the token: a body that is no form is not parsed as one."""

    def enforce_csrf(self, request: Request) -> None:
        super().enforce_csrf(request._request)  # type: ignore[arg-type]  # what it reads, both have


class BrowserScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "apps.accounts.authentication.BrowserAuthentication"
