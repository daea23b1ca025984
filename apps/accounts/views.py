"""A person's own pages: API tokens, notifications, keys; and what stands where a page needs mail that is not sent."""

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

from apps.accounts.forms import BreakForm, KeysForm, NotificationsForm, TokenForm
from apps.accounts.mail import sends_mail
from apps.accounts.models import User
from apps.accounts.queries import choices_of, ended_tokens, live_tokens, notifications_of
from apps.accounts.services import create_token, revoke_token
from apps.accounts.services.keys import choose_break, choose_keys
from apps.accounts.services.notices import (
    choose_notifications,
    read_all_notifications,
    read_notification,
)
from apps.accounts.signin import signed_in
from apps.core.errors import BadInput
from apps.core.keyset import newest, number_in
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


def _show_notifications(request: HttpRequest, *, before: str, unread: bool) -> HttpResponse:
    assert isinstance(request.user, User)
    rows = notifications_of(person=request.user, unread=unread)
    context = {"page": newest(rows, before=before, by="number"), "before": before, "unread_only": unread}
    answer = page(request, "accounts/notifications.html", context, partial="notifications")
    answer["HX-Trigger"] = "bell"  # the bell counts again
    return answer


@require_GET
@signed_in
def notifications(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    return _show_notifications(request, before=asked.get("before", ""), unread="unread" in asked)


@require_GET
@signed_in
def bell(request: HttpRequest) -> HttpResponse:
    return page(request, "_ui/bell.html")


@require_POST
@signed_in
def read(request: HttpRequest, notification_id: int) -> HttpResponse:
    assert isinstance(request.user, User)
    read_notification(person=request.user, notification_id=notification_id, at=timezone.now())
    said = request.POST
    return _show_notifications(request, before=said.get("before", ""), unread="unread" in said)


@require_POST
@signed_in
def read_all(request: HttpRequest) -> HttpResponse:
    """All that was there when the page was shown: what came later has not been seen."""
    assert isinstance(request.user, User)
    until = number_in(request.POST.get("until", ""), name="until")
    read_all_notifications(person=request.user, at=timezone.now(), until=until)
    return _show_notifications(request, before="", unread="unread" in request.POST)


@require_POST
@signed_in
def open_one(request: HttpRequest, notification_id: int) -> HttpResponse:
    """A form, not a link: opening marks it as read, and a GET never changes anything."""
    assert isinstance(request.user, User)
    row = read_notification(person=request.user, notification_id=notification_id, at=timezone.now())
    return redirect(row.url)


def _notifications_form(request: HttpRequest) -> NotificationsForm:
    assert isinstance(request.user, User)
    return NotificationsForm(request.POST or None, choices=choices_of(person=request.user))


@require_GET
@signed_in
def notification_settings(request: HttpRequest) -> HttpResponse:
    return page(request, "accounts/notification_settings.html", {"form": _notifications_form(request)})


@require_POST
@signed_in
def save_notifications(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = _notifications_form(request)
    if not form.is_valid():
        return page(request, "accounts/notification_settings.html", {"form": form}, status=422)
    choose_notifications(person=request.user, choices=form.chosen(), at=timezone.now())
    messages.success(request, "Saved. It holds for whatever comes from now on.")
    return redirect("accounts:notification_settings")


@require_GET
@signed_in
def keys(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    return _show_keys(request, form=KeysForm(person=request.user))


def _show_keys(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    assert isinstance(request.user, User)
    offered = BreakForm(initial={"minutes": request.user.break_minutes})
    context = {"form": KeysForm(person=request.user), "break_form": offered, **forms}
    return page(request, "accounts/keys.html", context, status=status)


@require_POST
@signed_in
def save_break(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = BreakForm(request.POST)
    if not form.is_valid():
        return _show_keys(request, break_form=form, status=422)
    choose_break(person=request.user, minutes=form.cleaned_data["minutes"])
    messages.success(request, "Saved. The desk follows it from the next time it is opened.")
    return redirect("accounts:keys")


@require_POST
@signed_in
def save_keys(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = KeysForm(request.POST, person=request.user)
    try:
        if form.is_valid():
            choose_keys(person=request.user, **form.chosen())
            messages.success(request, "Saved. Pages opened from now on follow these keys.")
            return redirect("accounts:keys")
    except BadInput as wrong:
        form.add_error(None, wrong.message)
    return _show_keys(request, form=form, status=422)


def with_mail(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wraps a page of the sign-in library that ends in a mail; without mail it says who can help instead."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if sends_mail() else page(request, "account/no_mail.html")

    return inner
