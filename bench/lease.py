"""The lease statement alone, at rising numbers of open tasks: how long it takes, and what it reads.

Method. Each case leases inside a transaction that is rolled back, so that every run finds the same tasks; the median
and the 95th percentile of 200 runs, with the buffers that EXPLAIN (ANALYZE, BUFFERS) counts for one more. Cases:
nothing is reserved; the person has had the first 10,000 already; the first half of the queue is reserved for others,
and the person is in no group, in one, in twenty.

    make bench does not run it:   python -m bench.lease --sizes 100000 1000000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
RUNS = 200
HALF = """
UPDATE annotation_task SET reserved_for_id = %s WHERE id IN (
  SELECT id FROM annotation_task ORDER BY priority DESC, id LIMIT %s)
"""
SKIPPED = """
INSERT INTO annotation_assignment (task_id, person_id, kind, state, leased_at, lease_expires_at, reason, note)
SELECT id, %s, 'annotate', 'skipped', now(), now(), 'other', '' FROM annotation_task ORDER BY priority DESC, id LIMIT %s
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the lease statement.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    options = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        servers = ["-m", "apps.config.supervisor", "exec", "--throwaway", "--data", "var/bench", "--"]
        command = [sys.executable, *servers, sys.executable, "-m", "bench.lease", *sys.argv[1:]]
        return subprocess.call(command, cwd=ROOT)
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    django.setup()
    print("| open tasks | case | median ms | p95 ms | buffers |\n|---|---|---|---|---|")
    for size in options.sizes:
        for case, numbers in measure(size).items():
            middle, high, buffers = numbers
            print(f"| {size:,} | {case} | {middle:.2f} | {high:.2f} | {buffers} |", flush=True)
    return 0


def measure(size: int) -> dict[str, tuple[float, float, int]]:
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.annotation.models import Queue, Task
    from apps.projects.models import Group
    from bench.queue_data import make

    make(size)
    queue = Queue.objects.select_related("project").get(project__slug="bench")
    at, people = timezone.now(), list(User.objects.filter(username__startswith="annotator-")[:4])
    outside, one, twenty, other = people
    Group.objects.filter(project=queue.project).delete()
    found = {"nothing is reserved": timed(queue, outside)}
    found["the first 10,000 answered by this person already"] = _after_answering(queue, one, n=10_000)
    groups = [Group.objects.create(project=queue.project, name=f"{n}", created_at=at) for n in range(21)]
    groups[0].people.set([one])
    groups[20].people.set([other])
    for group in groups[:20]:
        group.people.add(twenty)
    _half(groups[20], size)
    found["first half reserved for others, in no group"] = timed(queue, outside)
    found["the same, in one group"] = timed(queue, one)
    found["the same, in twenty groups"] = timed(queue, twenty)
    found["the same, reserved for this person's group"] = timed(queue, other)
    Task.objects.update(reserved_for=None)
    return found


def _after_answering(queue: Any, person: Any, *, n: int) -> tuple[float, float, int]:
    """Timed for somebody who skipped the first `n` tasks, which stay open for others."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(SKIPPED, [person.pk, n])
        cursor.execute("VACUUM ANALYZE annotation_assignment")
        found = timed(queue, person)
        cursor.execute("DELETE FROM annotation_assignment WHERE person_id = %s", [person.pk])
    return found


def _half(group: Any, size: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(HALF, [group.pk, size // 2])
        cursor.execute("VACUUM ANALYZE annotation_task")


def timed(queue: Any, person: Any) -> tuple[float, float, int]:
    """Median and 95th percentile in milliseconds, and the buffers of one run."""
    from datetime import timedelta

    from django.db import connection, transaction
    from django.utils import timezone

    from apps.annotation.services.leases import LEASE_OTHER

    at = timezone.now()
    until = at + timedelta(minutes=10)
    values = {"queue": queue.pk, "person": person.pk, "at": at, "showing": 0, "full": until, "brief": at}
    values["until"] = until
    times = []
    for _ in range(RUNS):
        with transaction.atomic(), connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute(LEASE_OTHER, values)
            assert cursor.fetchone(), "there was nothing to lease"
            times.append(1000 * (time.perf_counter() - began))
            transaction.set_rollback(True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {LEASE_OTHER}", values)
        (told,) = cursor.fetchone()
        transaction.set_rollback(True)
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return median(times), quantiles(times, n=20)[-1], buffers


if __name__ == "__main__":
    sys.exit(main())
