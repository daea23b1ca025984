"""Imports started, and their rows brought in by COPY, a chunk at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.accounts.models import User
from apps.core.errors import BadInput
from apps.core.events import record_event
from apps.core.jobs import IMPORT, enqueue_run
from apps.core.runs import lock_claimed
from apps.core.store import put_stream
from apps.exchange.domain.fitting import Fit
from apps.exchange.domain.mapping import MAPPED, Mapping
from apps.exchange.domain.rows import BadRow, Problem, Row, check_row
from apps.exchange.domain.seen import SeenKeys
from apps.exchange.models import ImportProblem, ImportRun
from apps.projects.models import Project
from apps.projects.permissions import require

PROBLEMS_KEPT = 1_000
STOP_AFTER, MOST_BAD = 10_000, 10_000_000
CHUNK_ROWS, CHUNK_SIZE = 20_000, 32 * 2**20
STAGED = """
CREATE TEMP TABLE IF NOT EXISTS staged (row_number integer, key text COLLATE "C", digest text, body jsonb, label text,
  split text, attributes jsonb, licence text)
"""
# in the order of their addresses: two imports of the same content wait for one another, and never both
PAYLOADS = """
INSERT INTO examples_payload (digest, body) SELECT DISTINCT ON (digest) digest, body FROM staged ORDER BY digest
ON CONFLICT DO NOTHING
"""
# one look where no key of the project lies among those of the chunk, as in an empty project or a file that goes on
ANY_NEAR = (
    "SELECT key FROM examples_example WHERE project_id = %s AND key BETWEEN %s AND %s ORDER BY key LIMIT 1"
)
CHANGING = ("payload_id", "label", "split", "attributes", "licence")
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
COUNTED = ("rows_read", "rows_created", "rows_updated", "rows_skipped", "rows_bad", "causes")


def start_import(
    *,
    project: Project,
    by: User,
    at: datetime,
    chunks: Iterable[bytes],
    format: str,
    **how: Any,
) -> ImportRun:
    """Keep the uploaded bytes in the store and queue their import; `how` is what `import_kept` takes."""
    require(person=by, project=project, action="import")
    check_how(format=format, **how)  # before anything is kept
    upload = put_stream("uploads", chunks)
    return import_kept(project=project, by=by, at=at, upload=upload, format=format, **how)


@transaction.atomic
def import_kept(
    *,
    project: Project,
    by: User,
    at: datetime,
    upload: str,
    format: str,
    kind: str = "examples",
    on_conflict: str = "error",
    name: str = "",
    mapping: dict[str, Any] | None = None,
    dry_run: bool = False,
    stop_after: int = STOP_AFTER,
    wakes: bool = True,
) -> ImportRun:
    """Queue the import of bytes that are in the store; with `wakes` off, whoever asked does the work themselves."""
    require(person=by, project=project, action="import")
    asked: dict[str, Any] = {
        "kind": kind,
        "format": format,
        "on_conflict": on_conflict,
        "stop_after": stop_after,
    }
    run = ImportRun.objects.create(
        project=project,
        name=name[:200],
        upload=upload,
        dry_run=dry_run,
        mapping=check_how(mapping=mapping, **asked),
        created_by=by,
        created_at=at,
        round_number=project.round_number,
        protocol=project.protocol,
        woken_at=at,
        **asked,
    )
    record_event(
        kind="import.started", row=run, at=at, actor=by, upload=upload, name=run.name, dry_run=dry_run
    )
    if wakes:
        enqueue_run(IMPORT, run, at=at)
    return run


def check_how(
    *, format: str, mapping: Any = None, stop_after: int = STOP_AFTER, **words: Any
) -> dict[str, Any] | None:
    """The mapping as it will be kept; raises `BadInput` for what cannot be meant."""
    _check_words(
        {"format": format, **{name: words[name] for name in ("kind", "on_conflict") if name in words}}
    )
    if not 1 <= stop_after <= MOST_BAD:
        raise BadInput(f"`stop_after` must be a number from 1 to {MOST_BAD:,}.", field="stop_after")
    if mapping is None:
        return None
    if format not in MAPPED:
        raise BadInput(
            f"A file of the format {format} has no columns to map. Leave the mapping out.", field="mapping"
        )
    return Mapping.of(mapping).given()


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


def begin_again(*, run: ImportRun) -> None:
    """Forget what a dry run that was cut off had told: it has brought nothing in that it could go on from."""
    with transaction.atomic():
        row = lock_claimed(run)
        row.problems.all().delete()
        for name in COUNTED:
            setattr(row, name, {} if name == "causes" else 0)
        row.save(update_fields=COUNTED)
    run.rows_read = 0


@dataclass
class Chunk:
    """Some rows in file order, sorted into good and bad; `size` counts the characters of the good ones."""

    read: int = 0
    size: int = 0
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    doubtful: dict[str, int] = field(
        default_factory=dict
    )  # key → number of rows whose key an earlier chunk may have had
    _keys: set[str] = field(default_factory=set)

    def add(self, number: int, raw: Any, *, fit: Fit | None = None) -> None:
        self.read += 1
        try:
            row = check_row(number, raw)
            if fit:
                fit.check(raw["payload"], row.label)
            if row.key in self._keys:
                raise _stands_twice(row.key)
        except BadRow as bad:
            self.problems.append(Problem(number, bad.field, bad.code, bad.message))
        else:
            self._keys.add(row.key)
            self.rows.append(row)
            self.size += len(row.body) + len(row.attributes)

    def close(self, seen: SeenKeys) -> None:
        """Make ready for the database: all that needs no connection, and whose key the file may have had before."""
        met = seen.meet([row.key for row in self.rows])
        self.doubtful = {self.rows[place].key: self.rows[place].number for place in met.nonzero()[0]}
        self.lines = "".join(map(_line, self.rows)).encode()

    def without(self, numbers: Container[int]) -> bytes:
        """The lines of the rows but these."""
        return "".join(_line(row) for row in self.rows if row.number not in numbers).encode()

    @property
    def full(self) -> bool:
        """Whether it is time to write: one transaction holds neither too many rows nor too much in memory."""
        return self.read >= CHUNK_ROWS or self.size >= CHUNK_SIZE


def _stands_twice(key: str) -> BadRow:
    sentence = f"The key {key!r} stands twice in this file; the first was kept."
    return BadRow("key", "duplicate_key", sentence)


@transaction.atomic
def bring_in(*, run: ImportRun, chunk: Chunk, at: datetime) -> ImportRun:
    """Write one chunk with its counts in one transaction, so that a killed import resumes without doubling.

    Raises `ClaimLost` when another worker has taken the run over.
    """
    row = lock_claimed(run)
    with connection.cursor() as cursor:
        doubles = _doubles(cursor, row, chunk)
        _stage(cursor, chunk.without(doubles) if doubles else chunk.lines)
        refused = _refuse(cursor, row, chunk.rows)
        if row.dry_run:
            created, updated = _foresee(cursor, row)
        else:
            cursor.execute(PAYLOADS)
            created, updated = _upsert(cursor, row, at)
    problems = sorted([*chunk.problems, *doubles.values(), *refused], key=lambda problem: problem.row)
    _tell(row, problems)
    row.rows_read += chunk.read
    row.rows_created += created
    row.rows_updated += updated
    row.rows_skipped += len(chunk.rows) - len(doubles) - len(refused) - created - updated
    row.rows_bad += len(problems)
    row.causes = dict(Counter(row.causes) + Counter(problem.code for problem in problems))
    row.save(update_fields=COUNTED)
    return row


def _doubles(cursor: Any, run: ImportRun, chunk: Chunk) -> dict[int, Problem]:
    """Of the rows whose key may have stood earlier in the file, by number those whose key has come in since."""
    found: dict[int, Problem] = {}
    doubtful = chunk.doubtful
    if not doubtful:
        return found
    keys = list(doubtful)
    if not run.dry_run:  # of which nothing has come in, and its doubts have to do
        known = "SELECT key FROM examples_example WHERE project_id = %s AND key = ANY(%s)"
        cursor.execute(known, [run.project_id, keys])
        keys = [key for (key,) in cursor.fetchall()]
    for key in keys:
        bad = _stands_twice(key)
        found[doubtful[key]] = Problem(doubtful[key], bad.field, bad.code, bad.message)
    return found


def _stage(cursor: Any, lines: bytes) -> None:
    """Copy the rows, and nothing else, into a table of this connection."""
    cursor.execute(STAGED)
    cursor.execute("TRUNCATE staged")
    with cursor.copy("COPY staged FROM STDIN") as copy:
        copy.write(lines)


def _line(row: Row) -> str:
    """The row in COPY's text format."""
    cells = [
        str(row.number),
        row.key,
        row.digest,
        row.body,
        row.label or "",
        row.split,
        row.attributes,
        row.licence,
    ]
    line = "".join(cells)
    if "\\" in line or "\t" in line or "\n" in line or "\r" in line:
        cells = [cell.translate(ESCAPED) for cell in cells]
    if row.label is None:
        cells[4] = "\\N"
    return "\t".join(cells) + "\n"


def _refuse(cursor: Any, run: ImportRun, rows: list[Row]) -> list[Problem]:
    """Take out of the staged rows what may not come in: known keys, and moves into or out of a benchmark."""
    keys = [row.key for row in rows]
    cursor.execute(ANY_NEAR, [run.project_id, min(keys, default=""), max(keys, default="")])
    if not cursor.fetchone():
        return []
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
        cursor.execute(
            "DELETE FROM staged USING examples_example AS example WHERE example.project_id = %s "
            f"AND example.key = staged.key AND {condition} RETURNING staged.row_number",
            [run.project_id],
        )
        problems += [Problem(number, name, code, message) for (number,) in cursor.fetchall()]
    return problems


def _upsert(cursor: Any, run: ImportRun, at: datetime) -> tuple[int, int]:
    """How many examples were created and how many changed."""
    conflict = "DO NOTHING"
    if run.on_conflict == ImportRun.OnConflict.UPDATE:
        sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*CHANGING, "updated_at"))
        differs = " OR ".join(f"kept.{name} IS DISTINCT FROM EXCLUDED.{name}" for name in CHANGING)
        conflict = f"(project_id, key) DO UPDATE SET {sets} WHERE {differs}"
    cursor.execute(
        "WITH kept AS (INSERT INTO examples_example AS kept "
        "(project_id, key, payload_id, label, split, attributes, licence, created_at, updated_at) "
        "SELECT %s, key, digest, label, split, attributes, licence, %s, %s FROM staged ORDER BY row_number "
        f"ON CONFLICT {conflict} RETURNING xmax = 0 AS fresh) "
        "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh) FROM kept",
        [run.project_id, at, at],
    )
    created, updated = cursor.fetchone()
    return created, updated


def _foresee(cursor: Any, run: ImportRun) -> tuple[int, int]:
    """How many examples `_upsert` would create and change."""
    pairs = (("payload_id", "digest"), *((name, name) for name in CHANGING[1:]))
    differs = " OR ".join(f"example.{kept} IS DISTINCT FROM staged.{sent}" for kept, sent in pairs)
    if run.on_conflict != ImportRun.OnConflict.UPDATE:
        differs = "false"
    cursor.execute(
        "SELECT count(*) FILTER (WHERE example.id IS NULL), "
        f"count(*) FILTER (WHERE example.id IS NOT NULL AND ({differs})) FROM staged "
        "LEFT JOIN examples_example AS example ON example.project_id = %s AND example.key = staged.key",
        [run.project_id],
    )
    created, updated = cursor.fetchone()
    return created, updated


def _tell(run: ImportRun, problems: list[Problem]) -> None:
    """Keep the first problems of the run in full; beyond them only the count grows."""
    room = PROBLEMS_KEPT - run.problems.count()
    kept = problems[: max(0, room)]
    ImportProblem.objects.bulk_create(
        ImportProblem(run=run, row=p.row, field=p.field, code=p.code, message=p.message) for p in kept
    )
