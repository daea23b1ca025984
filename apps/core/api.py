"""API basics: errors as `{"error": {code, message, …}}`, keyset pages, and query and body parsing."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.core.errors import BadInput, DomainError
from apps.core.pages import DatabaseAway


class ErrorDetail(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer):
    """How every error of this API looks."""

    error = ErrorDetail()


class Keyset(CursorPagination):
    """Pages by key, newest first: as fast on the last page as on the first."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


def parse(serializer: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """The validated body; raises `BadInput` naming the field and the mend."""
    bound = serializer(data=data)
    if not bound.is_valid():
        raise BadInput("The request's body is not right; see `fields`.", fields=bound.errors)
    values: dict[str, Any] = bound.validated_data
    return values


def problem(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    if isinstance(exception, OperationalError):
        exception = DatabaseAway()
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
