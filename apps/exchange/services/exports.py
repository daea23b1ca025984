"""Exports started, recorded part by part and as a whole, and removed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.core.errors import BadInput, DomainError, NotFound
from apps.core.events import record_event
from apps.core.jobs import EXPORT, enqueue_run
from apps.core.runs import lock_claimed
from apps.core.store import delete_files
from apps.curricula.models import CurriculumVersion
from apps.datasets.models import DatasetVersion
from apps.exchange.domain.formats import FORMATS, WHAT, unfit
from apps.exchange.domain.parts import Made, Shard
from apps.exchange.models import ExportRun
from apps.exchange.queries.exports import expired_exports, folder_of
from apps.projects.models import Project
from apps.projects.permissions import require
from apps.projects.runs import finish

VERSIONS: dict[str, type[DatasetVersion] | type[CurriculumVersion]] = {
    "dataset": DatasetVersion,
    "curriculum": CurriculumVersion,
}


class DoesNotFit(BadInput):
    """This cannot be written in that format."""

    code = "format_does_not_fit"


class StillWritten(DomainError):
    code = "still_written"

    def __init__(self) -> None:
        super().__init__("This export is still being written. Cancel it first, then remove it.")


@transaction.atomic
def start_export(
    *,
    project: Project,
    by: User,
    at: datetime,
    what: str,
    format: str,
    version: str = "",
    benchmark: bool = False,
    names: bool = False,
) -> ExportRun:
    """Queue the export of examples, annotations or, by its hash, a version; refuses a format that does not fit."""
    require(person=by, project=project, action="export")
    _check_words(what, format)
    if reason := unfit(format, what=what, protocol=project.protocol.body if project.protocol else None):
        raise DoesNotFit(reason, field="format")
    run = ExportRun.objects.create(
        project=project,
        what=what,
        format=format,
        protocol=project.protocol,
        benchmark=benchmark and what not in VERSIONS,
        names=names and what == "annotations",
        created_by=by,
        created_at=at,
        **_version(project, what, version),
    )
    told: dict[str, Any] = {"benchmark": run.benchmark, "names": run.names, "digest": run.digest}
    record_event(kind="export.started", row=run, at=at, actor=by, what=what, format=format, **told)
    enqueue_run(EXPORT, run, at=at)
    return run


def _check_words(what: str, format: str) -> None:
    for name, word, known in (("what", what, WHAT), ("format", format, FORMATS)):
        if word not in known:
            raise BadInput(f"`{name}` is {word[:40]!r}; choose one of {', '.join(known)}.", field=name)


def _version(project: Project, what: str, digest: str) -> dict[str, Any]:
    if what not in VERSIONS:
        if digest:
            raise BadInput(f"{WHAT[what]} have no version to name. Leave `version` out.", field="version")
        return {}
    if not digest:
        raise BadInput("Name the version to export by its hash.", field="version")
    found = VERSIONS[what].objects.filter(project=project, digest=digest).first()
    if found is None:
        raise NotFound(f"There is no {WHAT[what].lower()} with this hash in this project.")
    return {what: found, "digest": digest}


@transaction.atomic
def keep_shard(*, run: ExportRun, shard: Shard, at: datetime) -> None:
    """Note a part that is written, so that a run that is cut off goes on behind it."""
    row = lock_claimed(run)
    run.shards = [*row.shards, asdict(shard)]
    ExportRun.objects.filter(pk=row.pk).update(shards=run.shards, heartbeat_at=at)


@transaction.atomic
def record_export(*, run: ExportRun, made: Made, at: datetime) -> ExportRun:
    """Keep what the export came to; raises `ClaimLost` when another worker has taken the run over."""
    row = lock_claimed(run)
    finish(row, at=at, **{**vars(made), "removed_at": None, "shards": []})
    return row


@transaction.atomic
def remove_export(*, run: ExportRun, by: User, at: datetime) -> ExportRun:
    """Delete the file now; that there was this export stays known."""
    require(person=by, project=run.project, action="export")
    row = ExportRun.objects.select_for_update().get(pk=run.pk)
    if not row.is_over:
        raise StillWritten
    if row.removed_at is None:
        _remove(row, why="deleted", by=by, at=at)
    return row


def remove_expired(*, at: datetime) -> int:
    """Delete the files of exports that are older than they are kept for; returns how many."""
    rows = expired_exports(before=at - timedelta(days=settings.EXPORT_DAYS))
    return _remove_all(rows, why="expired", at=at)


def remove_exports(*, project: Project, why: str, at: datetime) -> int:
    """Delete every export of the project that may hold what must be gone, such as purged content."""
    return _remove_all(ExportRun.objects.filter(project=project, removed_at=None), why=why, at=at)


def _remove_all(rows: Any, *, why: str, at: datetime) -> int:
    removed = 0
    for pk in list(rows.values_list("pk", flat=True)):
        with transaction.atomic():
            row = ExportRun.objects.select_for_update().get(pk=pk)
            if row.is_over and row.removed_at is None:
                _remove(row, why=why, by=None, at=at)
                removed += 1
    return removed


def _remove(row: ExportRun, *, why: str, by: User | None, at: datetime) -> None:
    ExportRun.objects.filter(pk=row.pk).update(removed_at=at, shards=[], file="")
    row.removed_at, row.shards, row.file = at, [], ""
    record_event(kind="export.removed", row=row, at=at, actor=by, why=why)
    folder = folder_of(row)
    transaction.on_commit(lambda: delete_files(folder))
