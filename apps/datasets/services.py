"""Dataset versions cut."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.core.events import record_event
from apps.core.jobs import SNAPSHOT, enqueue_run
from apps.core.runs import lock_claimed
from apps.core.store import Stored
from apps.datasets.models import DatasetVersion, SnapshotRun
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.projects.runs import finish


@transaction.atomic
def start_snapshot(*, project: Project, by: User, at: datetime) -> SnapshotRun:
    """Queue the cutting of a dataset version from what is believed when the job runs."""
    require(person=by, project=project, action="snapshot")
    run = SnapshotRun.objects.create(
        project=project, created_by=by, created_at=at, round_number=project.round_number
    )
    enqueue_run(SNAPSHOT, run, at=at)
    return run


@transaction.atomic
def record_snapshot(
    *, run: SnapshotRun, stored: Stored, lineage: Stored, summary: dict[str, Any], at: datetime
) -> DatasetVersion:
    """Record the version; the same content as an earlier one is that one."""
    row = lock_claimed(run)
    Project.objects.select_for_update().get(pk=row.project_id)
    dataset = DatasetVersion.objects.filter(project=row.project, digest=stored.digest).first()
    if dataset is None:
        number = (row.project.dataset_versions.aggregate(top=Max("number"))["top"] or 0) + 1
        dataset = DatasetVersion.objects.create(
            project=row.project,
            number=number,
            digest=stored.digest,
            lineage_digest=lineage.digest,
            rows=stored.rows,
            summary=summary,
            round_number=row.round_number,
            created_by=row.created_by,
            created_at=at,
        )
        record_event(kind="dataset.created", row=dataset, at=at, actor=row.created_by, digest=stored.digest)
    finish(row, at=at, dataset=dataset)
    return dataset
