"""Exporting examples: rows per second and peak memory, by format, beside PostgreSQL's own COPY of the same rows.

Method. A throw-away server is filled with n examples, each with a payload of its own of about 110 bytes, and its
statistics are taken. `COPY` is the bare statement of the export, read by this process and thrown away: the floor. Each
format is then exported as a worker does it, heartbeats and the store included, in a process of its own, so that its
peak memory is its own. Everything runs on the same cores as the server.

    .venv/bin/python bench/export.py --rows 1000000 --formats parquet jsonl csv huggingface
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "bench")]
EXEC = [sys.executable, "-m", "apps.config.supervisor", "exec", "--throwaway", "--data", "var/bench", "--"]
FILL = """
INSERT INTO examples_payload (digest, body)
  SELECT encode(sha256(n::text::bytea), 'hex'), jsonb_build_object('lang', 'en', 'text',
    'Where is my card number ' || n || '? It was sent weeks ago and I am still waiting for it to come.')
  FROM generate_series(1, {n}) AS n;
INSERT INTO examples_example (project_id, key, payload_id, label, split, attributes, licence, created_at, updated_at)
  SELECT {project}, 'row-' || lpad(n::text, 9, '0'), encode(sha256(n::text::bytea), 'hex'), 'card_arrival', 'pool',
    '{{"lang": "en"}}', 'CC-BY-4.0', now(), now() FROM generate_series(1, {n}) AS n;
ANALYZE examples_payload, examples_example;
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure exports against COPY.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", default=["parquet", "jsonl", "csv", "huggingface"])
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--one", default="", help="measure this alone, in this process")
    options = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        return subprocess.call([*EXEC, sys.executable, "-m", "bench.export", *sys.argv[1:]], cwd=ROOT)
    os.environ.setdefault("STORE_URL", str(ROOT / "var" / "bench" / "store"))
    if options.one:
        print(json.dumps(measured(options.one)))
        return 0
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    fill(options.rows)
    for name in ["COPY", *options.formats] * options.repeat:
        command = [sys.executable, "-m", "bench.export", "--one", name]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        tell(name, json.loads(done.stdout.splitlines()[-1]))
    return 0


def tell(name: str, found: dict[str, Any]) -> None:
    print(
        f"{name:12} {found['rows'] / found['seconds']:>10,.0f} rows/s  {found['seconds']:6.2f} s  "
        f"{found['cpu']:6.2f} s of Python  "
        f"{found['size'] / 2**20:7.1f} MiB  peak {found['peak']:5.0f} MiB",
        flush=True,
    )


def django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings")
    import django as framework

    framework.setup()


def fill(n: int) -> None:
    django()
    from django.db import connection
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.projects.services import create_project, set_member

    ada = User.objects.create_user("ada", "ada@example.org", "a-long-password", is_staff=True)
    lena = User.objects.create_user("lena", "lena@example.org", "a-long-password")
    project = create_project(slug="bench", name="Bench", by=ada, at=timezone.now())
    set_member(project=project, person=lena, role="lead", by=ada, at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(n=n, project=project.pk))


def measured(name: str) -> dict[str, Any]:
    """Seconds, rows, bytes and the process's peak memory of one export, or of the bare statement."""
    django()
    from django.urls import get_resolver
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.exchange.models import ExportRun
    from apps.exchange.services.exports import start_export
    from apps.projects.models import Project
    from workers.jobs.exports import export

    project = Project.objects.get(slug="bench")
    asked = {"project": project, "by": User.objects.get(username="lena"), "at": timezone.now()}
    run = start_export(what="examples", format="parquet" if name == "COPY" else name, **asked)
    get_resolver().url_patterns  # noqa: B018  # a worker has loaded all of the product after its first job
    cpu, start = time.process_time(), time.perf_counter()
    if name == "COPY":
        rows, size = copied(run)
    else:
        export(run.pk)
        run = ExportRun.objects.get(pk=run.pk)
        assert run.state == "done", run.error
        rows, size = run.rows, run.size
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "size": size, "seconds": seconds, "cpu": cpu, "peak": peak}


def copied(run: Any) -> tuple[int, int]:
    from apps.exchange.queries.export_rows import copied as lines
    from apps.exchange.queries.export_sources import source_of

    rows = size = 0
    for line in lines(source_of(run).statement("", 2**31)):
        rows, size = rows + 1, size + len(line)
    return rows, size


if __name__ == "__main__":
    sys.exit(main())
