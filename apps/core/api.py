"""API basics: what every operation has in common, errors as `{"error": {code, message, …}}`, keyset pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from apps.core.errors import BadInput, DomainError
from apps.core.pages import trouble
from apps.core.uploads import check_length

Handler = Callable[..., Any]


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
            sentence = "The cursor is not one this list has given. Start again without it."
            raise BadInput(sentence, field=self.cursor_query_param) from error


class JsonOnly(BaseContentNegotiation):
    """Answers are JSON whatever `Accept` says, so that `?format=` is free to name a file's format."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

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


def _answer(view: ApiView, result: Any, gives: Any, many: bool, status: int) -> Response:
    pages = getattr(view, "pagination_class", None)
    if many and pages and isinstance(result, QuerySet):
        paginator = pages()
        rows = paginator.paginate_queryset(result, view.request, view=view)
        page: Response = paginator.get_paginated_response(gives(rows, many=True).data)
        return page
    return Response(None if gives is None else gives(result, many=many).data, status=status)


def parameter(name: str, about: str, *, choices: Iterable[str] | None = None) -> OpenApiParameter:
    """One optional word in the query string, for the schema."""
    return OpenApiParameter(
        name, OpenApiTypes.STR, description=about, enum=list(choices) if choices else None
    )


def parse(serializer: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """The validated body; raises `BadInput` naming the field and the mend."""
    bound = serializer(data=data)
    if not bound.is_valid():
        raise BadInput("The request's body is not right; see `fields`.", fields=bound.errors)
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
    if isinstance(exception, OperationalError):
        exception = trouble(exception)
    if isinstance(exception, DomainError):
        set_rollback()
        body = {"code": exception.code, "message": exception.message, **exception.detail}
        return Response({"error": body}, status=exception.status)
    if isinstance(exception, Http404):
        return Response(
            {"error": {"code": "not_found", "message": "There is no such thing here."}}, status=404
        )
    if isinstance(exception, APIException):
        set_rollback()
        return _framework_problem(exception)
    return None


def _framework_problem(exception: APIException) -> Response:
    codes = exception.get_codes()
    code = codes if isinstance(codes, str) else "bad_input"
    detail = exception.detail
    message = (
        str(detail) if not isinstance(detail, dict | list) else "The request is not right; see `fields`."
    )
    body: dict[str, Any] = {"code": code, "message": message}
    if isinstance(detail, dict | list):
        body["fields"] = detail
    headers = {}
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Response({"error": body}, status=exception.status_code, headers=headers)
