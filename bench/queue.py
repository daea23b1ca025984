"""Submit+next against the running server: latency, throughput and double assignments, beside two floors.

Method. One run starts the embedded servers on a throw-away folder, the web as `make run` starts it (granian, same
workers and threads), and a Celery worker with beat, so that sealing and sweeping cost what they cost. For each
queue size (10k, 100k and 1M open tasks, overlap 2) and number of annotators (1, 16, 64), each target is driven for
some seconds after a warm-up by annotators on keep-alive connections that send their next answer when the last one
is answered. The load runs on the same cores as the server, for all targets alike; machines here are noisy, so read
the ratios. Targets: the desk's own POST (sign-in, membership, answer, event, vote, consensus, next lease, rendered
card), the API's, the desk's lease alone (each task is skipped again, untimed, so only its latencies are to be read),
and two floors: a bare view with SELECT … FOR UPDATE SKIP LOCKED, INSERT, UPDATE and no middleware;
and the same behind sign-in, membership check and a rendered template. After each size the database is asked for
double assignments, which must be 0.

    make bench            or   python -m bench.queue --sizes 10000 --annotators 16 --seconds 5
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "bench")]

from apps.config.embedded.state import free_port  # noqa: E402
from apps.config.supervisor.parts import web  # noqa: E402
from bench.queue_load import TARGETS, Annotator, Target, drive  # noqa: E402

FLOOR = "floor 2: door"
UNDER_SERVERS = [
    sys.executable,
    "-m",
    "apps.config.supervisor",
    "exec",
    "--throwaway",
    "--data",
    "var/bench",
    "--",
]


@dataclass(frozen=True)
class Cell:
    """One measurement; latencies in milliseconds, throughput in requests per second."""

    target: str
    tasks: int
    annotators: int
    requests: int
    per_second: float
    p50: float
    p95: float
    p99: float


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the queue against its floors.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--annotators", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument(
        "--targets", nargs="+", default=[""], help="only targets whose name holds one of these words"
    )
    options = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        return subprocess.call([*UNDER_SERVERS, sys.executable, "-m", "bench.queue", *sys.argv[1:]], cwd=ROOT)
    _manage("migrate", "--verbosity", "0")
    cells, checks = [], {}
    with _worker():
        for size in options.sizes:
            cells += _measure_size(size, options)
            checks[size] = _data("check")
    print(_table(cells))
    print(f"\nDouble assignments (must be 0): {checks}")
    figures = {"ratios": _ratios(cells), "next": _next_alone(cells), "flat": _flat(cells)}
    print(json.dumps({"cells": [asdict(cell) for cell in cells], "checks": checks, **figures}))
    return 1 if any(row["same_person_twice"] or row["beyond_overlap"] for row in checks.values()) else 0


def _measure_size(size: int, options: argparse.Namespace) -> list[Cell]:
    people = [Annotator(**row) for row in _data(str(size))]
    cells = []
    for target in (t for t in TARGETS if any(word in t.name for word in options.targets)):
        with _server(target) as port:
            for crowd in options.annotators:
                print(f"… {target.name}, {size:,} tasks, {crowd} annotators", file=sys.stderr)
                cells.append(_cell(target, size, people[:crowd], port, options.seconds))
    return cells


def _cell(target: Target, size: int, people: list[Annotator], port: int, seconds: float) -> Cell:
    times = sorted(asyncio.run(drive(target, people, port=port, seconds=seconds, warm=1.0)))

    def at(share: float) -> float:
        return round(1000 * times[min(len(times) - 1, int(share * len(times)))], 1)

    rate = round(len(times) / seconds, 1)
    return Cell(target.name, size, len(people), len(times), rate, at(0.5), at(0.95), at(0.99))


@contextmanager
def _server(target: Target) -> Iterator[int]:
    """The web part as `make run` starts it, with the floors' addresses added."""
    port = free_port(rng=Random(), but=set())
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "bench.settings", **target.environment}
    spec = web(port, env=environment)
    process = subprocess.Popen(spec.command, cwd=ROOT, env=dict(spec.env))
    try:
        _until_it_answers(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _until_it_answers(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextmanager
def _worker() -> Iterator[None]:
    command = [
        "-m",
        "celery",
        "-A",
        "workers.celery",
        "worker",
        "-B",
        "-s",
        "var/bench/beat",
        "-Q",
        "default",
        "-c",
        "1",
    ]
    process = subprocess.Popen([sys.executable, *command, "-l", "error"], cwd=ROOT)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _manage(*arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True)


def _data(argument: str):  # type: ignore[no-untyped-def]  # JSON of either kind
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "apps.config.settings"}
    command = [sys.executable, "-m", "bench.queue_data", argument]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def _ratios(cells: list[Cell]) -> dict[str, float]:
    """Throughput of the desk as a share of the second floor, per size and crowd, within this run."""
    rates = {(cell.target, cell.tasks, cell.annotators): cell.per_second for cell in cells}
    floor = {key[1:]: rate for key, rate in rates.items() if key[0] == FLOOR}
    return {
        f"{name} / floor 2, {size} tasks, {crowd} annotators": round(rate / floor[size, crowd], 3)
        for (name, size, crowd), rate in rates.items()
        if name.endswith("submit+next") and (size, crowd) in floor
    }


def _next_alone(cells: list[Cell]) -> dict[str, float]:
    """How many times the second floor's median latency a lease alone takes."""
    medians = {(cell.target, cell.tasks, cell.annotators): cell.p50 for cell in cells}
    return {
        f"next alone / floor 2, {size} tasks, {crowd} annotators": round(p50 / medians[FLOOR, size, crowd], 2)
        for (name, size, crowd), p50 in medians.items()
        if name == "desk next alone" and (FLOOR, size, crowd) in medians
    }


def _flat(cells: list[Cell]) -> dict[str, float]:
    """How many times the p95 of the smallest queue the largest one's is, per target and crowd."""
    sizes = sorted({cell.tasks for cell in cells})
    p95 = {(cell.target, cell.annotators, cell.tasks): cell.p95 for cell in cells}
    return {
        f"{target}, {crowd} annotators: p95 at {sizes[-1]} / at {sizes[0]} tasks": round(
            slow / p95[target, crowd, sizes[0]], 2
        )
        for (target, crowd, size), slow in p95.items()
        if size == sizes[-1] != sizes[0]
    }


def _table(cells: list[Cell]) -> str:
    lines = [
        "| target | open tasks | annotators | per second | p50 ms | p95 ms | p99 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        numbers = f"{cell.per_second} | {cell.p50} | {cell.p95} | {cell.p99}"
        lines.append(f"| {cell.target} | {cell.tasks:,} | {cell.annotators} | {numbers} |")
    return "\n".join(
        [
            *lines,
            "",
            *(
                f"{name}: {ratio}"
                for found in (_ratios, _next_alone, _flat)
                for name, ratio in found(cells).items()
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
