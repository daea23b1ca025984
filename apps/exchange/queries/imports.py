"""Imports and their problems."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from apps.core.errors import NotFound
from apps.core.keyset import number_in
from apps.exchange.models import ImportProblem, ImportRun
from apps.projects.models import Project

PROBLEMS_PAGE = 50
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Page:
    """Problems, and where the next page starts; empty on the last."""

    rows: list[ImportProblem]
    next: str


def imports_of(*, project: Project) -> QuerySet[ImportRun]:
    return ImportRun.objects.select_related("created_by", "project", "protocol").filter(project=project)


def import_of(*, project: Project, run_id: int) -> ImportRun:
    run = imports_of(project=project).filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such import in this project.")
    return run


def causes(*, run: ImportRun) -> dict[str, int]:
    """How many bad rows there are of each code, most first."""
    return dict(Counter(run.causes).most_common())


def problems_page(*, run: ImportRun, after: str) -> Page:
    """In the order of the file."""
    rows: QuerySet[ImportProblem] = run.problems.all()
    if after:
        row, _, pk = after.partition(":")
        last, key = (number_in(part, name="after") or 0 for part in (row, pk))
        rows = rows.filter(Q(row__gt=last) | Q(row=last, pk__gt=key))
    found = list(rows[: PROBLEMS_PAGE + 1])
    more = len(found) > PROBLEMS_PAGE
    last_shown = found[PROBLEMS_PAGE - 1] if more else None
    return Page(found[:PROBLEMS_PAGE], f"{last_shown.row}:{last_shown.pk}" if last_shown else "")


def problem_lines(*, run: ImportRun) -> Iterator[str]:
    """The kept problems as CSV, line by line."""
    yield _line(["row", "field", "code", "message"])
    for problem in run.problems.iterator(chunk_size=500):
        yield _line([problem.row, problem.field, problem.code, problem.message])


def _line(cells: list[Any]) -> str:
    sink = io.StringIO()
    # a spreadsheet would run a cell that begins like a formula, and cells here hold what was uploaded
    safe = [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in cells]
    csv.writer(sink).writerow(safe)
    return sink.getvalue()


def rate_of(run: ImportRun, at: datetime) -> str:
    """Rows per second in words; empty before there are any."""
    seconds = run.seconds(at)
    return f"{run.rows_read / seconds:,.0f} rows/s" if seconds and run.rows_read else ""
