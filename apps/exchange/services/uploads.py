"""Files sent to be looked at first, and imported as a mapping says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.core.errors import DomainError
from apps.core.events import record_event
from apps.core.store import put_stream
from apps.exchange.models import ImportRun, Upload
from apps.exchange.services.imports import check_how, import_kept
from apps.projects.models import Project
from apps.projects.permissions import require


class NotDry(DomainError):
    code = "not_dry"

    def __init__(self) -> None:
        super().__init__("This was no dry run: its rows are in. Send the file again to import it again.")


def keep_upload(
    *, project: Project, by: User, at: datetime, chunks: Iterable[bytes], name: str, format: str
) -> Upload:
    """Keep the file in the store. Nothing of it comes in before somebody says so."""
    require(person=by, project=project, action="import")
    check_how(format=format)
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            yield chunk

    digest = put_stream("uploads", counted())
    with transaction.atomic():
        upload = Upload.objects.create(
            project=project,
            digest=digest,
            name=name[:200],
            size=size,
            format=format,
            created_by=by,
            created_at=at,
        )
        record_event(kind="upload.kept", row=upload, at=at, actor=by, digest=digest, name=upload.name)
    return upload


def import_upload(*, upload: Upload, by: User, at: datetime, **how: Any) -> ImportRun:
    """Queue the import of an uploaded file; `how` is what `import_kept` takes."""
    kept: dict[str, Any] = {"upload": upload.digest, "format": upload.format, "name": upload.name}
    return import_kept(project=upload.project, by=by, at=at, **kept, **how)


def import_after(*, dry: ImportRun, by: User, at: datetime) -> ImportRun:
    """Queue in earnest what a dry run has told of."""
    if not dry.dry_run:
        raise NotDry
    names = ("upload", "format", "kind", "on_conflict", "name", "mapping", "stop_after")
    how = {name: getattr(dry, name) for name in names}
    return import_kept(project=dry.project, by=by, at=at, **how)
