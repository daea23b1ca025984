"""Imports started, and their rows brought in by COPY, a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from apps.accounts.models import User
from apps.core.errors import BadInput
from apps.core.events import record_event
from apps.core.jobs import IMPORT, enqueue_run
from apps.core.runs import lock_claimed
from apps.core.store import put_stream
from apps.exchange.domain.fitting import Fit
from apps.exchange.domain.rows import BadRow, Problem, Row, check_row
from apps.exchange.models import ImportProblem, ImportRun
from apps.projects.models import Project
from apps.projects.permissions import require

PROBLEMS_KEPT = 1_000
CHUNK_ROWS, CHUNK_SIZE = 5_000, 32 * 2**20
STAGED = "row_number integer, key text, digest text, body jsonb, label text, split text, attributes jsonb, licence text"


def start_import(
    *,
    project: Project,
    by: User,
    at: datetime,
    chunks: Iterable[bytes],
    format: str,
    kind: str = "examples",
    on_conflict: str = "error",
    name: str = "",
) -> ImportRun:
    """Keep the uploaded bytes in the store and queue their import."""
    require(person=by, project=project, action="import")
    asked = {"kind": kind, "format": format, "on_conflict": on_conflict}
    _check_words(asked)
    upload = put_stream("uploads", chunks)
    with transaction.atomic():
        run = ImportRun.objects.create(
            project=project,
            name=name[:200],
            upload=upload,
            created_by=by,
            created_at=at,
            round_number=project.round_number,
            protocol=project.protocol,
            **asked,
        )
        record_event(kind="import.started", row=run, at=at, actor=by, upload=upload, name=run.name)
        enqueue_run(IMPORT, run, at=at)
    return run


def _check_words(asked: dict[str, str]) -> None:
    known = {
        "kind": ["examples"],
        "format": ImportRun.Format.values,
        "on_conflict": ImportRun.OnConflict.values,
    }
    for name, word in asked.items():
        if word not in known[name]:
            sentence = f"`{name}` is {word[:40]!r}; choose one of {', '.join(known[name])}."
            raise BadInput(sentence, field=name)


def give_up(*, run: ImportRun) -> None:
    """Keep that this file can never be read, so that nobody is offered to try again."""
    ImportRun.objects.filter(pk=run.pk, claim=run.claim).update(readable=False)


@dataclass
class Chunk:
    """Some rows in file order, sorted into good and bad; `size` counts the characters of the good ones."""

    read: int = 0
    size: int = 0
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, number: int, raw: Any, *, seen: set[str], fit: Fit | None = None) -> None:
        self.read += 1
        try:
            row = check_row(number, raw)
            if fit:
                fit.check(raw["payload"], row.label)
            if row.key in seen:
                raise BadRow(
                    "key",
                    "duplicate_key",
                    f"The key {row.key!r} stands twice in this file; the first was kept.",
                )
        except BadRow as bad:
            self.problems.append(Problem(number, bad.field, bad.code, bad.message))
        else:
            seen.add(row.key)
            self.rows.append(row)
            self.size += len(row.body) + len(row.attributes)

    @property
    def full(self) -> bool:
        """Whether it is time to write: one transaction holds neither too many rows nor too much in memory."""
        return self.read >= CHUNK_ROWS or self.size >= CHUNK_SIZE


@transaction.atomic
def bring_in(*, run: ImportRun, chunk: Chunk, at: datetime) -> ImportRun:
    """Write one chunk with its counts in one transaction, so that a killed import resumes without doubling.

    Raises `ClaimLost` when another worker has taken the run over.
    """
    row = lock_claimed(run)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE staged ({STAGED}) ON COMMIT DROP")
        names = "row_number, key, digest, body, label, split, attributes, licence"
        with cursor.copy(f"COPY staged ({names}) FROM STDIN") as copy:
            for r in chunk.rows:
                copy.write_row((r.number, r.key, r.digest, r.body, r.label, r.split, r.attributes, r.licence))
        refused = _refuse(cursor, row)
        cursor.execute(
            "INSERT INTO examples_payload (digest, body) SELECT DISTINCT ON (digest) digest, body FROM staged "
            "ORDER BY digest ON CONFLICT DO NOTHING"
        )
        created, updated = _upsert(cursor, row, at)
        cursor.execute("DROP TABLE staged")
    _tell(row, [*chunk.problems, *refused])
    ImportRun.objects.filter(pk=row.pk).update(
        rows_read=F("rows_read") + chunk.read,
        rows_created=F("rows_created") + created,
        rows_updated=F("rows_updated") + updated,
        rows_skipped=F("rows_skipped") + len(chunk.rows) - len(refused) - created - updated,
        rows_bad=F("rows_bad") + len(chunk.problems) + len(refused),
    )
    row.refresh_from_db()
    return row


def _refuse(cursor: object, run: ImportRun) -> list[Problem]:
    """Take out of the staged rows what may not come in: known keys, and moves into or out of a benchmark."""
    reasons = [
        (
            "split",
            "benchmark_frozen",
            "An example of a benchmark cannot change its split or content, nor another become one. Use a new key.",
            "(example.split = 'benchmark' OR staged.split = 'benchmark') AND (example.split <> staged.split "
            "OR example.payload_id <> staged.digest OR example.label IS DISTINCT FROM staged.label)",
        )
    ]
    if run.on_conflict == ImportRun.OnConflict.ERROR:
        message = "There is already an example with this key. Send it again, and choose to skip or to update such rows."
        reasons = [("key", "key_exists", message, "true")]
    problems = []
    for name, code, message, condition in reasons:
        cursor.execute(  # type: ignore[attr-defined]
            "DELETE FROM staged USING examples_example AS example WHERE example.project_id = %s "
            f"AND example.key = staged.key AND {condition} RETURNING staged.row_number",
            [run.project_id],
        )
        problems += [Problem(number, name, code, message) for (number,) in cursor.fetchall()]  # type: ignore[attr-defined]
    return problems


def _upsert(cursor: object, run: ImportRun, at: datetime) -> tuple[int, int]:
    """How many examples were created and how many changed."""
    conflict = "DO NOTHING"
    if run.on_conflict == ImportRun.OnConflict.UPDATE:
        names = ("payload_id", "label", "split", "attributes", "licence")
        sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*names, "updated_at"))
        differs = " OR ".join(f"kept.{name} IS DISTINCT FROM EXCLUDED.{name}" for name in names)
        conflict = f"(project_id, key) DO UPDATE SET {sets} WHERE {differs}"
    cursor.execute(  # type: ignore[attr-defined]
        "INSERT INTO examples_example AS kept "
        "(project_id, key, payload_id, label, split, attributes, licence, created_at, updated_at) "
        "SELECT %s, key, digest, label, split, attributes, licence, %s, %s FROM staged ORDER BY row_number "
        f"ON CONFLICT {conflict} RETURNING xmax = 0",
        [run.project_id, at, at],
    )
    fresh = [is_new for (is_new,) in cursor.fetchall()]  # type: ignore[attr-defined]
    return sum(fresh), len(fresh) - sum(fresh)


def _tell(run: ImportRun, problems: list[Problem]) -> None:
    """Keep the first problems of the run in full; beyond them only the count grows."""
    room = PROBLEMS_KEPT - run.problems.count()
    kept = problems[: max(0, room)]
    ImportProblem.objects.bulk_create(
        ImportProblem(run=run, row=p.row, field=p.field, code=p.code, message=p.message) for p in kept
    )
