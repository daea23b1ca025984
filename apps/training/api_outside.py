"""Operations for a trainer elsewhere: what it predicts on, the model it made, and what that predicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api import NotParsed, Problem, operation, parameter
from apps.core.errors import NotFound
from apps.core.uploads import spooled
from apps.projects.api import ProjectView, RowView
from apps.projects.models import Project
from apps.registry import api as registry
from apps.registry.models import ModelVersion
from apps.registry.queries import minable_rows, models_of
from apps.registry.serializers import ModelOut
from apps.training.models import Benchmark
from apps.training.queries import benchmark_with_payloads
from apps.training.serializers import MeasuredOut, ReportModel
from apps.training.services import outside

FORMATS = {"application/x-ndjson": "ndjson", "application/vnd.apache.parquet": "parquet"}


class Models(registry.Models):
    """Newest first. Posting reports one that was trained elsewhere; its weights stay there."""

    may = {"GET": "view", "POST": "train"}

    @operation(takes=ReportModel, gives=ModelOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        made = outside.report_model(project=self.project, by=self.person, at=timezone.now(), **values)
        return models_of(project=self.project).get(pk=made.pk)


class ReportPredictions(RowView):
    """What an outside model predicts: on a benchmark, once, after which it is judged; or on what can be mined.

    One row per key: `{"key": "a1", "probs": [0.9, 0.1]}`, probabilities in the order of the model's classes. On what
    can be mined, a row that was taught needs the `fold` that never saw it.
    """

    may = {"POST": "train"}
    rows, through = ModelVersion, "models"
    streams = True

    @extend_schema(
        request=dict.fromkeys(FORMATS, OpenApiTypes.BINARY),
        responses={201: MeasuredOut, "4XX": Problem},
        parameters=[parameter("benchmark", "Digest of the benchmark; without it, what can be mined")],
    )
    def post(self, request: Request, id: int) -> Response:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        if kind not in FORMATS:
            raise NotParsed(kind, FORMATS)
        digest = request.query_params.get("benchmark", "")
        benchmark = benchmark_by(self.project, digest) if digest else None
        with spooled(request._request) as source:
            found = outside.report_predictions(
                model=self.row,
                benchmark=benchmark,
                source=source,
                format=FORMATS[kind],
                by=self.person,
                at=timezone.now(),
            )
        return Response(MeasuredOut(found).data, status=201)


def benchmark_by(project: Project, digest: str) -> Benchmark:
    found = project.benchmarks.filter(digest=digest).first()
    if found is None:
        raise NotFound("There is no benchmark with this digest in this project.")
    return found


class BenchmarkInputs(ProjectView):
    """Key and content of every row of a benchmark, as NDJSON. Labels stay here: who trains is not to see them."""

    may = {"GET": "read_rows"}

    @operation(gives=OpenApiTypes.BINARY)
    def get(self) -> Any:
        benchmark = benchmark_by(self.project, self.kwargs["digest"])
        return _inputs(benchmark_with_payloads(benchmark.digest))


class MinableInputs(ProjectView):
    """Key and content of every example that can be mined, as NDJSON, in the order of keys."""

    may = {"GET": "read_rows"}

    @operation(gives=OpenApiTypes.BINARY)
    def get(self) -> Any:
        return _inputs(minable_rows(self.project))


def _inputs(batches: Iterator[pa.RecordBatch]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        (b"".join(_line(row) for row in batch.to_pylist()) for batch in batches),
        content_type="application/x-ndjson",
    )


def _line(row: dict[str, Any]) -> bytes:
    given = {"key": row["key"], "payload": json.loads(row["payload"])}
    return json.dumps(given, ensure_ascii=False).encode() + b"\n"
