"""Operations on dataset versions."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes

from apps.core.api import Keyset, chosen, operation, parameter
from apps.core.errors import NotFound
from apps.datasets.exports import CONTENT_TYPES, export
from apps.datasets.models import DatasetVersion, SnapshotRun
from apps.datasets.queries import datasets_of
from apps.datasets.serializers import DatasetOut, SnapshotRunOut
from apps.datasets.services import start_snapshot
from apps.projects.api import ProjectView, run_views


class DatasetVersions(ProjectView):
    """Newest first. Posting queues the cutting of the next from what is believed then."""

    may = {"GET": "view", "POST": "snapshot"}
    pagination_class = Keyset

    @operation(gives=DatasetOut, many=True)
    def get(self) -> Any:
        return datasets_of(project=self.project)

    @operation(gives=SnapshotRunOut, status=202)
    def post(self) -> Any:
        return start_snapshot(project=self.project, by=self.person, at=timezone.now())


class OneDataset(ProjectView):
    may = {"GET": "view"}

    @property
    def dataset(self) -> DatasetVersion:
        found = datasets_of(project=self.project).filter(digest=self.kwargs["digest"]).first()
        if found is None:
            raise NotFound("There is no dataset version with this digest in this project.")
        return found


class DatasetDetail(OneDataset):
    @operation(gives=DatasetOut, name="dataset_version_manifest")
    def get(self) -> Any:
        return self.dataset


class DatasetRows(OneDataset):
    """Every row, streamed, with its payload joined in. For leads: what is left out would give gold away."""

    may = {"GET": "read_rows"}

    @operation(
        gives=OpenApiTypes.BINARY,
        query=[parameter("format", "jsonl (default), csv or parquet", choices=CONTENT_TYPES)],
    )
    def get(self) -> Any:
        format = chosen(self.request, "format", CONTENT_TYPES) or "jsonl"
        dataset = self.dataset
        answer = StreamingHttpResponse(export(dataset, format=format), content_type=CONTENT_TYPES[format])
        name = f"{self.project.slug}-dataset-v{dataset.number}.{format}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


SnapshotRunDetail, SnapshotRunCancel, SnapshotRunRetry = run_views(
    SnapshotRun, through="snapshot_runs", gives=SnapshotRunOut, select=("dataset",)
)
