"""A person's own pages: their API tokens; and what stands where a page would need mail that is not sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.forms import TokenForm
from apps.accounts.mail import sends_mail
from apps.accounts.models import User
from apps.accounts.queries import ended_tokens, live_tokens
from apps.accounts.services import create_token, revoke_token
from apps.accounts.signin import signed_in
from apps.core.pages import page


def _show(request: HttpRequest, *, form: TokenForm, status: int = 200, **made: Any) -> HttpResponse:
    assert isinstance(request.user, User)
    at = timezone.now()
    context = {
        "form": form,
        "live": live_tokens(user=request.user, at=at),
        "ended": ended_tokens(user=request.user, at=at),
        **made,
    }
    return page(request, "accounts/tokens.html", context, partial="tokens", status=status)


@require_GET
@signed_in
def tokens(request: HttpRequest) -> HttpResponse:
    return _show(request, form=TokenForm())


@require_POST
@signed_in
@never_cache
def create(request: HttpRequest) -> HttpResponse:
    """The answer itself shows the secret, this once: it is kept nowhere, so no redirect could."""
    assert isinstance(request.user, User)
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form, status=422)
    token, secret = create_token(user=request.user, at=timezone.now(), **form.cleaned_data)
    return _show(request, form=TokenForm(), token=token, secret=secret)


@require_POST
@signed_in
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    assert isinstance(request.user, User)
    revoke_token(user=request.user, token_id=token_id, at=timezone.now())
    messages.success(request, "Revoked. Programs that use it are refused from now on.")
    return redirect("accounts:tokens")


def with_mail(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wraps a page of the sign-in library that ends in a mail; without mail it says who can help instead."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if sends_mail() else page(request, "account/no_mail.html")

    return inner
