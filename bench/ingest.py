"""Imports of 100,000 to 5,000,000 rows: rows a second, peak memory, and what a bare COPY of the same bytes takes.

Method. One run starts the embedded servers on a throw-away folder. Rows are short texts with a label of 77, two
attributes and a licence (about 300 bytes of NDJSON), written to a file first. The import is the product's own: the
upload into the store, then the job in a child process as a worker would do it, with all checks against a protocol.
Peak memory is the child's (`VmHWM`). Two floors in the same run, on the same server: *heap*, the bytes of all
columns copied into one bare table without keys, in text, already in order and already checked; *keys*, the same
copied straight into a payload and an example table made LIKE the product's with all their indexes, nothing checked.
`again` imports the same file a second time with `skip`: cost of rows that are there.

    .venv/bin/python -m bench.ingest --rows 100000 1000000 5000000 --formats ndjson csv parquet
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ["-m", "apps.config.supervisor", "exec", "--throwaway", "--data", "var/bench", "--"]
LABELS = [f"intent_{n:02}" for n in range(77)]
WORDS = [f"word{n}" for n in range(4_000)]
BLOCK = 1 << 20
HEAP = "key text, digest text, body jsonb, label text, split text, attributes jsonb, licence text"
PROTOCOL = {
    "fields": [{"name": "text", "kind": "text"}],
    "questions": [{"name": "intent", "kind": "choice", "target": True, "options": LABELS}],
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure imports against a bare COPY.")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--formats", nargs="+", default=["ndjson", "csv", "parquet"])
    parser.add_argument("--run", type=int, help="the import to do in this process; used by the bench itself")
    told = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        command = [sys.executable, *SERVERS, sys.executable, "-m", "bench.ingest", *sys.argv[1:]]
        return subprocess.call(command, cwd=ROOT)
    if told.run is None:
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings")
    import django

    django.setup()
    if told.run is not None:
        return do(told.run)
    print(
        "| rows | format | rows/s | peak MiB | heap, rows/s | keys, rows/s | of heap | of keys | again, rows/s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for n in told.rows:
        floors = heap_floor(n), keys_floor(n)
        for format in told.formats:
            print(line(n, format, floors), flush=True)
    return 0


def line(n: int, format: str, floors: tuple[float, float]) -> str:
    path = ROOT / "var" / "bench" / f"rows.{format}"
    WRITERS[format](path, n)
    rate, peak = timed_import(path, format, n, project=project_for(f"{format}-{n}"), on_conflict="error")
    again, _ = timed_import(path, format, n, project=project_for(f"{format}-{n}"), on_conflict="skip")
    path.unlink()
    heap, keys = floors
    numbers = [
        f"{rate:,.0f}",
        f"{peak:.0f}",
        f"{heap:,.0f}",
        f"{keys:,.0f}",
        f"{rate / heap:.2f}",
        f"{rate / keys:.2f}",
    ]
    return f"| {n:,} | {format} | {' | '.join(numbers)} | {again:,.0f} |"


def rows(n: int) -> Iterator[dict[str, Any]]:
    rng = Random(7)
    for i in range(n):
        text = " ".join(rng.choices(WORDS, k=12))
        yield {
            "key": f"row-{i:08}",
            "payload": {"text": text},
            "label": LABELS[i % 77],
            "split": "pool" if i % 3 else "train",
            "attributes": {"lang": "en" if i % 2 else "de", "length": len(text)},
            "licence": "CC-BY-4.0",
        }


def write_ndjson(path: Path, n: int) -> None:
    with path.open("w") as sink:
        for row in rows(n):
            sink.write(json.dumps(row) + "\n")


def write_csv(path: Path, n: int) -> None:
    with path.open("w", newline="") as sink:
        out = csv.writer(sink)
        out.writerow(["key", "text", "label", "split", "attributes.lang", "attributes.length", "licence"])
        for row in rows(n):
            cells = [row["attributes"]["lang"], row["attributes"]["length"], row["licence"]]
            out.writerow([row["key"], row["payload"]["text"], row["label"], row["split"], *cells])


def write_parquet(path: Path, n: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, portion = None, []
    for row in rows(n):
        portion.append(row)
        if len(portion) == 10_000:
            table, portion = pa.Table.from_pylist(portion), []
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    assert writer is not None
    assert not portion, "whole portions of 10,000 rows"
    writer.close()


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "ndjson": write_ndjson,
    "csv": write_csv,
    "parquet": write_parquet,
}


def project_for(name: str) -> Any:
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.projects.models import Project
    from apps.projects.services import add_protocol, create_project

    if found := Project.objects.filter(slug=name).first():
        return found
    admin = User.objects.filter(username="bench-admin").first() or User.objects.create_user(
        "bench-admin", "bench-admin@example.org", is_staff=True
    )
    project = create_project(slug=name, name=name, by=admin, at=timezone.now())
    add_protocol(project=project, body=PROTOCOL, by=admin, at=timezone.now())
    return project


def timed_import(path: Path, format: str, n: int, *, project: Any, on_conflict: str) -> tuple[float, float]:
    """Rows a second, upload included, and the peak memory of the worker in MiB."""
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.exchange.models import ImportRun
    from apps.exchange.services.imports import start_import

    admin = User.objects.get(username="bench-admin")
    began = time.perf_counter()
    with path.open("rb") as source:
        chunks = iter(lambda: source.read(BLOCK), b"")
        how = {"chunks": chunks, "format": format, "on_conflict": on_conflict, "name": path.name}
        run = start_import(project=project, by=admin, at=timezone.now(), **how)
    done = subprocess.run(
        [sys.executable, "-m", "bench.ingest", "--run", str(run.pk)],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    took = time.perf_counter() - began
    run = ImportRun.objects.get(pk=run.pk)
    assert (run.state, run.rows_read, run.rows_bad) == ("done", n, 0), (run.state, run.error, run.rows_read)
    return n / took, int(done.stdout) / 1024


def do(run_id: int) -> int:
    from workers.celery import app

    app.loader.import_default_modules()
    app.tasks["exchange.import"](run_id)
    # of this process alone: ru_maxrss still counts what its parent had when it was started
    print(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()).group(1))  # type: ignore[union-attr]
    return 0


def copied(statement: str, lines: Callable[[dict[str, Any]], str], n: int) -> float:
    """Seconds that PostgreSQL takes for lines that were made ready before."""
    from django.db import connection

    blob = "".join(lines(row) for row in rows(n)).encode()
    began = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(blob), BLOCK):
            copy.write(blob[start : start + BLOCK])
    return time.perf_counter() - began


def parts(row: dict[str, Any]) -> tuple[str, str, str]:
    body = json.dumps(row["payload"], separators=(",", ":"))
    return body, sha256(body.encode()).hexdigest(), json.dumps(row["attributes"], separators=(",", ":"))


def heap_floor(n: int) -> float:
    def one(row: dict[str, Any]) -> str:
        body, digest, attributes = parts(row)
        return (
            "\t".join([row["key"], digest, body, row["label"], row["split"], attributes, row["licence"]])
            + "\n"
        )

    execute(f"DROP TABLE IF EXISTS bench_heap; CREATE TABLE bench_heap ({HEAP})")
    return n / copied("COPY bench_heap FROM STDIN", one, n)


def keys_floor(n: int) -> float:
    project = project_for("floor").pk

    def payload(row: dict[str, Any]) -> str:
        body, digest, _ = parts(row)
        return f"{digest}\t{body}\n"

    def example(row: dict[str, Any]) -> str:
        _, digest, attributes = parts(row)
        cells = [str(project), row["key"], digest, row["label"], row["split"], attributes, row["licence"]]
        return "\t".join([*cells, "2026-01-01", "2026-01-01"]) + "\n"

    execute(
        "DROP TABLE IF EXISTS bench_example, bench_payload;"
        "CREATE TABLE bench_payload (LIKE examples_payload INCLUDING ALL);"
        "CREATE TABLE bench_example (LIKE examples_example INCLUDING ALL)"
    )
    names = "project_id, key, payload_id, label, split, attributes, licence, created_at, updated_at"
    return n / (
        copied("COPY bench_payload (digest, body) FROM STDIN", payload, n)
        + copied(f"COPY bench_example ({names}) FROM STDIN", example, n)
    )


def execute(statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements.split(";"):
            cursor.execute(statement)


if __name__ == "__main__":
    sys.exit(main())
