"""Operations on exports, and the download of their files: whole, or in parts by HTTP ranges."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.core.api import Keyset, Problem, operation
from apps.exchange.domain.formats import FORMATS
from apps.exchange.models import ExportRun
from apps.exchange.queries.exports import NoSuchRange, Part, etag, exports_of, part_of
from apps.exchange.serializers import ExportOut, StartExport
from apps.exchange.services.exports import remove_export, start_export
from apps.projects.api import ProjectView, RowView, run_views


class Exports(ProjectView):
    """Newest first. Posting queues an export; a format that does not fit the protocol says so in a sentence."""

    may = {"GET": "export", "HEAD": "export", "POST": "export"}
    pagination_class = Keyset

    @operation(gives=ExportOut, many=True)
    def get(self) -> Any:
        return exports_of(project=self.project)

    @operation(takes=StartExport, gives=ExportOut, status=202)
    def post(self, values: dict[str, Any]) -> Any:
        return start_export(project=self.project, by=self.person, at=timezone.now(), **values)


RELATED = ("project", "dataset", "curriculum", "protocol")
_Detail, ExportCancel, ExportRetry = run_views(ExportRun, through="exports", gives=ExportOut, select=RELATED)


class ExportDetail(_Detail):  # type: ignore[valid-type, misc]  # a class made for its kind of run
    """The run, its manifest once it is done, and where its file is. Deleting removes the file before its time."""

    may = {"GET": "export", "HEAD": "export", "DELETE": "export"}

    @operation(status=204)
    def delete(self) -> Any:
        remove_export(run=self.row, by=self.person, at=timezone.now())


WHERE = [
    OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes: `bytes=1000-`"),
    OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag the range is of"),
]


class ExportFile(RowView):
    """The file. A download that broke off goes on with `Range` and `If-Range`, the ETag it began with."""

    may = {"GET": "export", "HEAD": "export"}
    rows, through = ExportRun, "exports"

    @extend_schema(
        parameters=WHERE,
        responses={200: OpenApiTypes.BINARY, 206: OpenApiTypes.BINARY, "4XX": Problem},
    )
    def get(self, request: Request, id: int) -> HttpResponseBase:
        run, headers = self.row, request.headers
        try:
            part = part_of(
                run, wanted=headers.get("Range", ""), unless_changed=headers.get("If-Range", "").strip()
            )
        except NoSuchRange as error:
            self.headers |= {"Content-Range": f"bytes */{error.size}", "Accept-Ranges": "bytes"}
            raise
        return answer_of(part)


def answer_of(part: Part) -> HttpResponse | StreamingHttpResponse:
    """The bytes with all that a download needs to go on later."""
    run = part.run
    answer = StreamingHttpResponse(
        part.chunks(), status=200 if part.whole else 206, content_type=FORMATS[run.format].content_type
    )
    answer["Content-Length"] = part.end - part.start
    answer["Content-Disposition"] = f'attachment; filename="{run.name}"'
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = etag(run)
    if not part.whole:
        answer["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{run.size}"
    return answer
