"""One view serves the page and, under htmx, only its partial; errors come back as plain sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from psycopg.errors import DeadlockDetected, SerializationFailure

from apps.core.errors import DomainError

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


def error_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """What happened, what was kept, what to do: as a partial under htmx, else as a page."""
    template = "_ui/error.html" if getattr(request, "htmx", False) else "error.html"
    response = render(request, template, {"error": error, "message": error.message}, status=error.status)
    response["X-Error-Code"] = error.code
    return response


class DomainErrorMiddleware:
    """Turns a `DomainError` that leaves a view into its answer."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError):
            exception = trouble(exception)
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
