"""Answers where no view answers: no such address, a wrong method, odd input, a fault of ours. In the caller's form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.views import defaults

from apps.core.errors import BadInput, DomainError, NotAllowed, NotFound
from apps.core.input import check_address, check_form
from apps.core.pages import View, error_page

API = "/api/"


class WrongMethod(DomainError):
    code = "method_not_allowed"
    status = 405

    def __init__(self, allowed: str) -> None:
        reads = "GET" in allowed
        super().__init__(
            "This address only shows a page; it takes nothing that a form sends. Nothing was changed."
            if reads
            else "There is no page at this address: it only takes what a form sends. Nothing was changed."
        )


class Unreadable(DomainError):
    code = "unreadable"
    status = 400

    def __init__(self) -> None:
        super().__init__("The request cannot be read. Check its headers and its body.")


class Fault(DomainError):
    code = "fault"
    status = 500

    def __init__(self) -> None:
        super().__init__(
            "Something broke on our side. Try again in a moment; if it happens again, tell the person who runs "
            "this installation what you sent and when."
        )


class NoAddress(NotFound):
    def __init__(self, path: str) -> None:
        super().__init__(
            f"There is nothing at {path}. All addresses are listed at /api/v1/docs/; mind the slash at the end."
        )


def answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    """JSON to programs, a partial to htmx, a page to people."""
    if not request.path.startswith(API):
        return error_page(request, error)
    body = {"code": error.code, "message": error.message, **error.detail}
    return JsonResponse({"error": body}, status=error.status)


class FaultsMiddleware:
    """Refuses odd input before a view meets it, and dresses a bare 405."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            check_address(request)
        except BadInput as error:
            return answer(request, error)
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not request.path.startswith(API):
            dressed = answer(request, WrongMethod(response["Allow"]))
            dressed["Allow"] = response["Allow"]
            return dressed
        return response

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        # a body for the API is JSON, which its parser checks, or rows, which are streamed and never read here
        if request.method != "POST" or request.path.startswith(API):
            return None
        try:
            check_form(request)
        except BadInput as error:
            return answer(request, error)
        return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(API):
        return answer(request, Unreadable())
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(API):
        return answer(request, NotAllowed("You may not do this."))
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(API):
        return answer(request, NoAddress(request.path))
    return defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponseBase:
    if request.path.startswith(API):
        return answer(request, Fault())
    return defaults.server_error(request)
