"""API basics: what every operation has in common, errors as `{"error": {code, message, …}}`, keyset pages."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, MethodNotAllowed, NotAuthenticated
from rest_framework.exceptions import NotFound as NoCursor
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from apps.core.errors import BadInput, DomainError
from apps.core.pages import known_fault
from apps.core.uploads import check_length

Handler = Callable[..., Any]


class NotParsed(DomainError):
    code = "unsupported_media_type"
    status = 415

    def __init__(self, kind: str, taken: Iterable[str]) -> None:
        super().__init__(
            f"A body of the Content-Type {kind!r} is not read here. Send {' or '.join(taken)}.",
            field="Content-Type",
        )


class ErrorDetail(serializers.Serializer[Any]):
    """`code` is for programs, `message` tells people what to do. Where it applies, `field` or `fields` say where."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(required=False)


class Problem(serializers.Serializer[Any]):
    """How every error of this API looks."""

    error = ErrorDetail()


class Keyset(CursorPagination):
    """Pages by key, newest first: as fast on the last page as on the first."""

    ordering: Any = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        """The rows of the page; raises `BadInput` where the cursor holds what no row can be ordered by."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:
            raise BadCursor from error

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("page_size", str(self.page_size))
        if not given.isdecimal() or len(given) > 3 or not 1 <= int(given) <= self.max_page_size:
            raise BadInput(f"page_size is a number from 1 to {self.max_page_size}.", field="page_size")
        return int(given)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Where the page starts; raises `BadCursor` for what no list of ours gave."""
        if "cursor" not in request.query_params:
            return None
        try:
            said = b64decode(request.query_params["cursor"], validate=True)
            cursor = super().decode_cursor(request)
        except (ValueError, NoCursor) as error:
            raise BadCursor from error
        if not said:
            raise BadCursor
        return cursor


class BadCursor(BadInput):
    def __init__(self) -> None:
        super().__init__(
            "This cursor was not given by a list. Leave `cursor` out to start at the first page, then follow `next`.",
            field="cursor",
        )


class JsonOnly(BaseContentNegotiation):
    """Answers are JSON whatever `Accept` says, so that `?format=` is free to name a file's format."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        parsers = list(parsers)
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        found = next((parser for parser in parsers if parser.media_type == kind), None)
        if found is None:
            raise NotParsed(kind, [str(parser.media_type) for parser in parsers])
        return found

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class ApiView(APIView):
    """An address of the API. `streams` marks the one kind whose body may be large, and is never read whole."""

    content_negotiation_class = JsonOnly
    streams = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        limit = settings.MAX_UPLOAD_BYTES if self.streams else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        check_length(request._request, limit=limit)  # first: signing in by a session reads a form's body
        super().initial(request, *args, **kwargs)


def operation(
    *,
    gives: type[serializers.BaseSerializer] | Any = None,
    takes: type[serializers.Serializer] | OpenApiTypes | None = None,
    many: bool = False,
    status: int = 200,
    query: Iterable[OpenApiParameter] = (),
    name: str | None = None,
) -> Callable[[Handler], Callable[..., HttpResponseBase]]:
    """Wraps `get(self)` or `post(self, values)`: body parsed by `takes`, answer given by `gives`, both described.

    `takes=OpenApiTypes.OBJECT` hands the JSON object on as it is, for formats that a service checks.
    A queryset given with `many` is answered a page at a time, where the view has a `pagination_class`.
    """

    def wrap(handler: Handler) -> Callable[..., HttpResponseBase]:
        described = gives(many=True) if many else gives
        responses = {status: described, "4XX": Problem}

        @extend_schema(operation_id=name, request=takes, responses=responses, parameters=list(query) or None)
        @wraps(handler)
        def inner(self: ApiView, request: Request, **path: Any) -> HttpResponseBase:
            if not takes:
                _no_body(request)
            result = handler(self, _values(takes, request)) if takes else handler(self)
            if isinstance(result, HttpResponseBase):
                return result
            return _answer(self, result, gives, many, status)

        return inner

    return wrap


def _values(takes: type[serializers.Serializer] | OpenApiTypes, request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise BadInput("The request's body must be a JSON object.")
    return dict(request.data) if isinstance(takes, OpenApiTypes) else parse(takes, request.data)


def _no_body(request: Request) -> None:
    if request.method != "GET" and request.data:
        raise BadInput("This operation takes no body. Leave it out.")


def _answer(view: ApiView, result: Any, gives: Any, many: bool, status: int) -> Response:
    pages = getattr(view, "pagination_class", None)
    if many and pages and isinstance(result, QuerySet):
        paginator = pages()
        rows = paginator.paginate_queryset(result, view.request, view=view)
        page: Response = paginator.get_paginated_response(gives(rows, many=True).data)
        return page
    if gives is None or many:
        return Response(gives and gives(result, many=True).data, status=status)
    return Response(_giver(gives).to_representation(result), status=status)


@cache
def _giver(gives: type[serializers.BaseSerializer]) -> serializers.BaseSerializer[Any]:
    """One serializer for all answers: what it gives depends on the row alone, and making its fields costs more."""
    return gives()


def parameter(name: str, about: str, *, choices: Iterable[str] | None = None) -> OpenApiParameter:
    """One optional word in the query string, for the schema."""
    return OpenApiParameter(
        name, OpenApiTypes.STR, description=about, enum=list(choices) if choices else None
    )


def parse(serializer: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """The validated body; raises `BadInput` naming the field and the mend."""
    bound = serializer(data=data)
    wrong = {} if bound.is_valid() else dict(bound.errors)
    taken = [name for name, field in bound.fields.items() if not field.read_only]
    for name in set(data) - set(taken):
        # dropped in silence, a misspelt field would do something else than was asked
        wrong[name] = [f"There is no such field; this operation takes {', '.join(taken)}."]
    if wrong:
        raise BadInput("The request's body is not right; see `fields`.", fields=wrong)
    values: dict[str, Any] = bound.validated_data
    return values


def chosen(request: Request, name: str, choices: Iterable[str]) -> str:
    """A word of the query string, checked; an empty string where it is not given."""
    value = request.query_params.get(name, "")
    if value and value not in choices:
        raise BadInput(f"{name} is {value!r}; choose one of {', '.join(choices)}.", field=name)
    return value


def problem(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    exception = known_fault(exception)
    if isinstance(exception, DomainError):
        set_rollback()
        body = {"code": exception.code, "message": exception.message, **exception.detail}
        return Response({"error": body}, status=exception.status)
    if isinstance(exception, Http404):
        return Response(
            {
                "error": {
                    "code": "not_found",
                    "message": "There is nothing like that here, or it is not yours to see.",
                }
            },
            status=404,
        )
    if isinstance(exception, APIException):
        set_rollback()
        return _framework_problem(exception)
    return None


def _framework_problem(exception: APIException) -> Response:
    codes = exception.get_codes()
    code = codes if isinstance(codes, str) else "bad_input"
    detail = exception.detail
    body: dict[str, Any] = {"code": code, "message": _sentence(exception)}
    if isinstance(detail, dict | list):
        body["fields"] = detail
    headers = {}
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Response({"error": body}, status=exception.status_code, headers=headers)


def _sentence(exception: APIException) -> str:
    """The framework's words, with the mend where they have none."""
    if isinstance(exception, NotAuthenticated):
        return (
            "Sign in: send the header `Authorization: Bearer wst_…`. "
            "Tokens are made under your name, API tokens, at /you/tokens/."
        )
    if isinstance(exception, MethodNotAllowed):
        return f"{exception.detail} What this address takes is in the header Allow, and at /api/v1/docs/."
    detail = exception.detail
    return "The request is not right; see `fields`." if isinstance(detail, dict | list) else str(detail)
