"""Files that were sent, and mappings that fit them."""

from __future__ import annotations

from apps.core.errors import NotFound
from apps.exchange.models import ImportRun, Upload
from apps.projects.models import Project

LOOKED_AT = 50  # runs with a mapping, the newest first


def upload_of(*, project: Project, upload_id: int) -> Upload:
    upload = (
        Upload.objects.select_related("project", "created_by").filter(project=project, pk=upload_id).first()
    )
    if upload is None:
        raise NotFound("There is no such upload in this project. Send the file again.")
    return upload


def upload_behind(*, run: ImportRun) -> Upload | None:
    """The upload that a run read; None where it came in another way."""
    return Upload.objects.filter(project=run.project, digest=run.upload).first()


def fitting_run(*, project: Project, columns: list[str]) -> ImportRun | None:
    """The newest run whose mapping names no column that is not among these."""
    known = set(columns)
    for run in project.imports.filter(mapping__isnull=False)[:LOOKED_AT]:
        if run.mapping and {*run.mapping["columns"], *run.mapping["key"]} <= known:
            return run
    return None
