"""Webhooks: listed, made, looked at, tried out, changed; their log read and dead letters sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.core.errors import BadInput
from apps.core.keyset import newest
from apps.core.pages import page
from apps.exchange.forms import WebhookForm
from apps.exchange.models import DeliveryState, Webhook
from apps.exchange.queries.webhooks import counts_of, deliveries_of, webhook_in, webhooks_of
from apps.exchange.services import webhooks as services
from apps.projects.permissions import Member, member_view


def _list(request: HttpRequest, member: Member, form: WebhookForm, status: int = 200) -> HttpResponse:
    rows = list(webhooks_of(project=member.project))
    counts = counts_of(webhooks=rows)
    context = {"form": form, "rows": [(row, counts[row.pk]) for row in rows]}
    return page(request, "exchange/webhooks.html", context, status=status)


def _one(
    request: HttpRequest, row: Webhook, form: WebhookForm | None = None, status: int = 200, **made: str
) -> HttpResponse:
    form = form or WebhookForm(initial={"url": row.url, "events": row.events})
    context = {"webhook": row, "form": form, **_log(request, row), **made}
    return page(request, "exchange/webhook.html", context, partial="log", status=status)


def _log(request: HttpRequest, row: Webhook) -> dict[str, Any]:
    asked, at = request.GET, timezone.now()
    state = asked["state"] if asked.get("state") in DeliveryState.values else ""
    before = asked.get("before", "")
    shown = newest(deliveries_of(webhook=row, state=state), before=before)
    soon = at + timedelta(seconds=90)
    busy = any(one.next_try_at and one.next_try_at < soon for one in shown.rows) and row.state == "on"
    counts = counts_of(webhooks=[row])[row.pk]
    return {"page": shown, "before": before, "state": state, "counts": counts, "at": at, "busy": busy}


@require_GET
@member_view("manage_webhooks")
def webhooks(request: HttpRequest, member: Member) -> HttpResponse:
    return _list(request, member, WebhookForm())


@require_POST
@never_cache
@member_view("manage_webhooks")
def make(request: HttpRequest, member: Member) -> HttpResponse:
    """The answer itself shows the secret, this once."""
    form = WebhookForm(request.POST)
    try:
        if form.is_valid():
            values = {"by": member.person, "at": timezone.now(), **form.cleaned_data}
            made, secret = services.make_webhook(project=member.project, **values)
            return _one(request, made, secret=secret)
    except BadInput as wrong:
        form.add_error("url" if wrong.detail.get("field") == "url" else None, wrong.message)
    return _list(request, member, form, status=422)


@require_GET
@member_view("manage_webhooks")
def webhook(request: HttpRequest, member: Member, webhook_id: int) -> HttpResponse:
    return _one(request, webhook_in(project=member.project, webhook_id=webhook_id))


@require_POST
@member_view("manage_webhooks")
def change(request: HttpRequest, member: Member, webhook_id: int) -> HttpResponse:
    row = webhook_in(project=member.project, webhook_id=webhook_id)
    form = WebhookForm(request.POST)
    try:
        if form.is_valid():
            services.change_webhook(webhook=row, by=member.person, at=timezone.now(), **form.cleaned_data)
            messages.success(request, "Saved. It holds for whatever is sent from now on.")
            return redirect("exchange:webhook", member.project.slug, row.pk)
    except BadInput as wrong:
        form.add_error("url" if wrong.detail.get("field") == "url" else None, wrong.message)
    return _one(request, row, form, status=422)


@require_POST
@never_cache
@member_view("manage_webhooks")
def rotate(request: HttpRequest, member: Member, webhook_id: int) -> HttpResponse:
    """The answer itself shows the new secret, this once."""
    row = webhook_in(project=member.project, webhook_id=webhook_id)
    changed, secret = services.rotate_secret(webhook=row, by=member.person, at=timezone.now())
    return _one(request, changed, secret=secret)


def _then(verb: Callable[..., Any], said: str) -> Callable[..., HttpResponse]:
    """A POST that does `verb` to the webhook, says so, and goes back to its page."""

    @require_POST
    @member_view("manage_webhooks")
    def act(request: HttpRequest, member: Member, webhook_id: int, **which: int) -> HttpResponse:
        row = webhook_in(project=member.project, webhook_id=webhook_id)
        verb(webhook=row, by=member.person, at=timezone.now(), **which)
        messages.success(request, said)
        return redirect("exchange:webhook", member.project.slug, row.pk)

    return act


switch_off = _then(services.switch_off, "Switched off. Nothing more is sent.")
switch_on = _then(services.switch_on, "Switched on. It is told of what happens from now on.")
send_test = _then(services.send_test, "The test is on its way; its line below says what came of it.")
replay = _then(services.replay, "Sent again, with the same id.")


@require_POST
@member_view("manage_webhooks")
def delete(request: HttpRequest, member: Member, webhook_id: int) -> HttpResponse:
    row = webhook_in(project=member.project, webhook_id=webhook_id)
    services.delete_webhook(webhook=row, by=member.person, at=timezone.now())
    messages.success(request, "Deleted, with its log. The receiver is told nothing more.")
    return redirect("exchange:webhooks", member.project.slug)
