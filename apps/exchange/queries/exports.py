"""Exports, what can be exported, and the file of one, whole or in part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.core.errors import DomainError, NotFound
from apps.core.models import RunState
from apps.core.store import open_file
from apps.curricula.models import CurriculumVersion
from apps.datasets.models import DatasetVersion
from apps.exchange.domain.formats import FORMATS, Format, unfit
from apps.exchange.models import ExportRun
from apps.projects.models import Project

CHUNK = 2**20
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class NotWritten(DomainError):
    code = "not_written"

    def __init__(self, state: str) -> None:
        super().__init__(f"This export has no file: it is {state}. Wait until it is done, or start it again.")


class Removed(DomainError):
    code = "removed"
    status = 410

    def __init__(self) -> None:
        super().__init__("This export was removed. Start it again: a version gives the same rows.")


class NoSuchRange(DomainError):
    code = "no_such_range"
    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size:,} bytes, and none in this range. Ask for bytes that it has.")
        self.size = size


def exports_of(*, project: Project) -> QuerySet[ExportRun]:
    related = ("created_by", "project", "dataset", "curriculum", "protocol")
    return ExportRun.objects.select_related(*related).filter(project=project)


def export_of(*, project: Project, run_id: int) -> ExportRun:
    """The project's export; raises `NotFound`."""
    found = exports_of(project=project).filter(pk=run_id).first()
    if found is None:
        raise NotFound("There is no such export in this project.")
    return found


def folder_of(run: ExportRun) -> str:
    """Where in the store all files of an export lie."""
    return f"exports/{run.pk}"


def expired_exports(*, before: datetime) -> QuerySet[ExportRun]:
    """Exports that were over by then and whose files are still there."""
    return ExportRun.objects.filter(
        finished_at__lt=before,
        removed_at=None,
        state__in=[RunState.DONE, RunState.FAILED, RunState.CANCELLED],
    )


def kept_until(run: ExportRun) -> datetime | None:
    """When its file will be removed; None where there is none."""
    if not run.downloadable or run.finished_at is None:
        return None
    return run.finished_at + timedelta(days=settings.EXPORT_DAYS)


@dataclass(frozen=True)
class Choice:
    """A format for what is to be exported; `why_not` says why it is not offered, and is empty where it is."""

    name: str
    format: Format
    why_not: str


def choices(*, project: Project, what: str) -> list[Choice]:
    """Every format, those that fit first."""
    body = project.protocol.body if project.protocol else None
    found = [Choice(n, f, unfit(n, what=what, protocol=body)) for n, f in FORMATS.items()]
    return sorted(found, key=lambda one: bool(one.why_not))


def versions(*, project: Project, what: str) -> list[DatasetVersion | CurriculumVersion]:
    """The versions that can be chosen, newest first; none where what is exported has no versions."""
    rows: dict[str, QuerySet[Any]] = {
        "dataset": project.dataset_versions.all(),
        "curriculum": project.curricula.all(),
    }
    return list(rows[what]) if what in rows else []


@dataclass(frozen=True)
class Part:
    """Bytes of an export's file, from `start` up to and without `end`; `whole` where all of it is meant."""

    run: ExportRun
    start: int
    end: int
    whole: bool

    def chunks(self) -> Iterator[bytes]:
        with open_file(self.run.file) as source:
            source.seek(self.start)
            left = self.end - self.start
            while left > 0 and (chunk := source.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk


def part_of(run: ExportRun, *, wanted: str = "", unless_changed: str = "") -> Part:
    """What a download asks for, in the words of `Range` and `If-Range`.

    A range that is not understood, or is of a file that has changed, gives the whole; one that lies outside the file
    raises `NoSuchRange`.
    """
    if run.removed_at is not None:
        raise Removed
    if not run.downloadable:
        raise NotWritten(run.state)
    found = RANGE.fullmatch(wanted.strip().lower())
    if found is None or found.groups() == ("", "") or (unless_changed and unless_changed != etag(run)):
        return Part(run, 0, run.size, whole=True)
    first, last = found.groups()
    start = int(first) if first else max(0, run.size - int(last))
    end = min(run.size, int(last) + 1) if first and last else run.size
    if start >= run.size or start >= end:
        raise NoSuchRange(run.size)
    return Part(run, start, end, whole=False)


def etag(run: ExportRun) -> str:
    return f'"{run.sha256}"'
