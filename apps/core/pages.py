"""One view serves the page and, under htmx, only its partial; errors come back as plain sentences."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from psycopg.errors import DeadlockDetected, SerializationFailure

from apps.core.errors import BadInput, DomainError

log = logging.getLogger(__name__)

RIVALRY = (DeadlockDetected, SerializationFailure)
View = Callable[[HttpRequest], HttpResponse]


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partial: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render `template`, or only its `partial` when htmx asked for it (partial = DOM id = htmx target)."""
    wanted = f"{template}#{partial}" if partial and getattr(request, "htmx", False) else template
    return render(request, wanted, context or {}, status=status)


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Lead on after a POST. Under htmx the browser goes there itself: a script would swallow the page's messages."""
    return HttpResponseClientRedirect(url) if getattr(request, "htmx", False) else HttpResponseRedirect(url)


def favicon(request: HttpRequest) -> HttpResponse:
    """What browsers ask for beside a page that names no icon, such as a file or JSON."""
    found = finders.find("img/favicon.svg")
    return HttpResponse(Path(str(found)).read_bytes(), content_type="image/svg+xml")


def error_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """What happened, what was kept, what to do: as a partial under htmx, else as a page with its way back."""
    template = "_ui/error.html" if getattr(request, "htmx", False) else "error.html"
    context: dict[str, Any] = {"error": error, "message": error.message}
    if template == "error.html":
        # the frame asks the database who is signed in: it must do without one that is away
        framed = not isinstance(error, DatabaseAway) and getattr(request, "user", None) is not None
        context["frame"] = "base.html" if framed else "_ui/alone.html"
        context["back"] = way_back(request)
    response = render(request, template, context, status=error.status)
    response["X-Error-Code"] = error.code
    return response


def way_back(request: HttpRequest) -> str:
    """The page the reader came from, if it is one of ours and another than this; else the nearest page above."""
    parts = urlsplit(request.META.get("HTTP_REFERER", ""))
    known = url_has_allowed_host_and_scheme(parts.geturl(), {request.get_host()}) and _is_page(parts.path)
    if known and (request.method == "POST" or parts.path != request.path):
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return _page_above(request.path)


def _page_above(path: str) -> str:
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        if _is_page(path):
            break
    return path


def _is_page(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def known_fault(exception: Exception) -> Exception:
    """The domain's error for what the database says; anything else as it is."""
    if isinstance(exception, OperationalError):
        return trouble(exception)
    if isinstance(exception, DataError):
        log.warning("The database refused a value: %s", exception)
        return NotStorable()
    return exception


class DomainErrorMiddleware:
    """Turns a `DomainError` that leaves a view into its answer."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        exception = known_fault(exception)
        return error_page(request, exception) if isinstance(exception, DomainError) else None


def trouble(error: OperationalError) -> DomainError:
    """What to tell whose request the database broke off."""
    return RowsBusy() if isinstance(error.__cause__, RIVALRY) else DatabaseAway()


class RowsBusy(DomainError):
    """Two transactions stood in each other's way, and the database broke one off."""

    code = "rows_busy"

    def __init__(self) -> None:
        super().__init__(
            "Somebody changed the same rows at the same moment. Nothing was changed here; please try again."
        )


class DatabaseAway(DomainError):
    """The database does not answer; nothing was saved and the request can be sent again."""

    code = "database_away"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "The database is not answering just now. Nothing was changed; please try again in a moment."
        )


class NotStorable(BadInput):
    """A value got past every check and the database still refused it; nothing was saved."""

    def __init__(self) -> None:
        super().__init__(
            "A value that was sent is too large, or holds characters that cannot be kept. Nothing was changed; "
            "check what you typed and send it again."
        )
