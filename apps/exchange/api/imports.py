"""Operations on imports. The body is streamed into the store: memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api import Keyset, Problem, chosen, operation, parameter
from apps.core.errors import BadInput, DomainError
from apps.core.input import read_json
from apps.exchange.models import ImportRun
from apps.exchange.queries.imports import imports_of
from apps.exchange.serializers import ImportOut, ImportProblemOut
from apps.exchange.services.imports import STOP_AFTER, start_import
from apps.projects.api import ProjectView, RowView, run_views

FORMATS = {
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.apache.parquet": "parquet",
    "application/zip": "images",
    "application/vnd.apache.arrow.file": "arrow",
    "application/vnd.apache.arrow.stream": "arrow",
}
CHUNK = 256 * 1024


class LengthNeeded(DomainError):
    code = "length_needed"
    status = 411

    def __init__(self) -> None:
        super().__init__(
            "Send a Content-Length header, so that a body that was cut off can be told from a whole one."
        )


class Imports(ProjectView):
    """Newest first. Posting a file of rows queues its import."""

    may = {"GET": "import", "POST": "import"}
    pagination_class = Keyset
    streams = True

    @operation(gives=ImportOut, many=True)
    def get(self) -> Any:
        return imports_of(project=self.project)

    @extend_schema(
        request=dict.fromkeys(FORMATS, OpenApiTypes.BINARY),
        responses={202: ImportOut, "4XX": Problem},
        parameters=[
            parameter("format", "Where the Content-Type does not say it", choices=ImportRun.Format.values),
            parameter("kind", "examples (default)", choices=["examples"]),
            parameter("on_conflict", "A key that is known: error (default), skip or update",
                      choices=ImportRun.OnConflict.values),
            parameter("name", "What to call it, usually the file's name"),
            parameter("mapping", "What each column is, as JSON (docs/importing.md)"),
            parameter("dry_run", "true: tell what would come in, and write none of it", choices=["true", "false"]),
            parameter("stop_after", "So many bad rows end the import (10,000 unless told)"),
        ],
    )  # fmt: skip
    def post(self, request: Request, slug: str) -> Response:
        run = start_import(
            project=self.project,
            by=self.person,
            at=timezone.now(),
            chunks=body_of(request._request),
            format=format_of(request),
            kind=request.query_params.get("kind", "examples"),
            on_conflict=request.query_params.get("on_conflict", "error"),
            name=request.query_params.get("name", ""),
            mapping=mapping_of(request),
            dry_run=chosen(request, "dry_run", ["true", "false"]) == "true",
            stop_after=stop_after_of(request),
        )
        return Response(ImportOut(run).data, status=202)


def format_of(request: Request) -> str:
    """The format as `?format=` names it, else as the Content-Type does."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        raise BadInput("Send the file itself as the request's body, not a form.", field="Content-Type")
    named = chosen(request, "format", ImportRun.Format.values) or FORMATS.get(kind, "")
    if not named:
        choices = ", ".join(ImportRun.Format.values)
        sentence = f"The Content-Type {kind!r} names no format; add ?format= with one of {choices}."
        raise BadInput(sentence, field="format")
    return named


def mapping_of(request: Request) -> Any:
    """The JSON of `?mapping=`; None where there is none."""
    told = request.query_params.get("mapping", "")
    try:
        return read_json(told) if told else None
    except BadInput as error:
        raise BadInput(f"`mapping` is not right. {error.message}", field="mapping") from error


def stop_after_of(request: Request) -> int:
    told = request.query_params.get("stop_after") or str(STOP_AFTER)
    if not (told.isascii() and told.isdecimal()) or len(told) > 9:
        raise BadInput(f"`stop_after` is {told[:40]!r}; give a number of bad rows.", field="stop_after")
    return int(told)


def body_of(request: HttpRequest) -> Iterator[bytes]:
    """The body in chunks; raises `BadInput` where it is empty or ends early, so that nothing is queued."""
    if not request.META.get("CONTENT_LENGTH"):
        raise LengthNeeded
    expected, got = int(request.META["CONTENT_LENGTH"]), 0
    if expected == 0:
        raise BadInput("The body is empty. Send the rows as the request's body.", field="body")
    while chunk := request.read(CHUNK):
        got += len(chunk)
        yield chunk
    if got < expected:
        raise BadInput(f"The body ended after {got:,} of {expected:,} bytes. Send it again.", field="body")


ImportDetail, ImportCancel, ImportRetry = run_views(ImportRun, through="imports", gives=ImportOut, select=())
ImportDetail.may = {"GET": "import"}


class ProblemPages(Keyset):
    """By row, so that a file can be mended from its top."""

    ordering = ("row", "id")


class ImportErrors(RowView):
    """The first thousand bad rows, by row; the run's `rows_bad` counts them all."""

    may = {"GET": "import"}
    rows, through = ImportRun, "imports"
    pagination_class = ProblemPages

    @operation(gives=ImportProblemOut, many=True)
    def get(self) -> Any:
        return self.row.problems.all()
