"""A running stack of its own to do harm to: its addresses, its processes, its database."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
import redis

from apps.config.demo.caller import Caller
from apps.config.embedded import environment
from apps.config.supervisor.parts import ROOT
from apps.config.supervisor.processes import recorded_process, records

Found = TypeVar("Found")
SUPERVISOR = [sys.executable, "-m", "apps.config.supervisor"]


def until(look: Callable[[], Found], *, what: str, seconds: float = 60) -> Found:
    """The first answer of `look` that is not empty."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.05)
    return found


@dataclass(frozen=True)
class Stack:
    data: Path
    supervisor: subprocess.Popen[str]
    url: str
    database_url: str
    broker_url: str

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, **environment(self.data)}

    def pid(self, part: str) -> int | None:
        """Of the living process on record under this name."""
        living = (row["pid"] for row in records(self.data) if row["name"] == part and recorded_process(row))
        return next(living, None)

    def kill(self, part: str) -> int:
        """kill -9, without waiting for what comes after; the pid it had."""
        pid = until(lambda: self.pid(part), what=f"a living {part}")
        os.kill(pid, signal.SIGKILL)
        return pid

    def until_back(self, part: str, *, but: int) -> None:
        until(lambda: self.pid(part) not in {None, but}, what=f"the restart of {part}")

    @contextlib.contextmanager
    def nothing_is_restarted(self) -> Iterator[None]:
        """The supervisor stands still, so that what is killed stays away for the whole block."""
        self.supervisor.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.supervisor.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """The part's processes stand still for the whole block."""
        pid = until(lambda: self.pid(part), what=f"a living {part}")
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in family:
            process.suspend()
        try:
            yield
        finally:
            for process in family:
                process.resume()

    def broker(self) -> redis.Redis:
        return redis.Redis.from_url(self.broker_url)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a statement of the test's own finds in the database; on a connection of its own each time."""
        with psycopg.connect(self.database_url, connect_timeout=20) as connection:
            return connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        [(found,)] = self.rows(sql, *values)
        return found

    def execute(self, sql: str, *values: Any) -> None:
        with psycopg.connect(self.database_url, connect_timeout=20) as connection:
            connection.execute(sql, values)

    def program(self, module: str, told: Any) -> Any:
        """Run a module of ours beside the stack: JSON in, JSON out."""
        done = subprocess.run(
            [sys.executable, "-m", module], cwd=ROOT, env=self.env, input=json.dumps(told),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def sign_up(self, *names: str, staff: str = "") -> dict[str, str]:
        """The tokens of new people; `staff` is the one who may make projects."""
        tokens: dict[str, str] = self.program(
            "apps.config.demo.people", {name: name == staff for name in (*names, staff) if name}
        )
        return tokens

    def callers(self, tokens: dict[str, str]) -> dict[str, Caller]:
        return {name: Caller(name, url=self.url, token=token) for name, token in tokens.items()}

    def desk(
        self, slug: str, *, experts: int, tasks: int, overlap: int = 1, lease_seconds: int = 600
    ) -> list[str]:
        """A project with so many experts and open tasks; the experts' tokens."""
        told = {
            "slug": slug,
            "experts": experts,
            "tasks": tasks,
            "overlap": overlap,
            "lease_seconds": lease_seconds,
        }
        tokens: list[str] = self.program("tests.live.desk", told)
        return tokens


@contextlib.contextmanager
def running_stack(data: Path, log: Path, *, seed: bool = False, **environ: str) -> Iterator[Stack]:
    """Database, broker, workers, beat and web on free ports; stopped however the block ends."""
    with log.open("w") as errors:
        supervisor = subprocess.Popen(
            [*SUPERVISOR, "stack", "--data", str(data), *(["--seed"] if seed else [])],
            cwd=ROOT, env={**os.environ, **environ}, text=True,
            stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    try:
        assert supervisor.stdout is not None
        first = supervisor.stdout.readline()
        assert first, log.read_text()
        ready = json.loads(first)
        yield Stack(data, supervisor, ready["url"], ready["database_url"], ready["broker_url"])
    finally:
        supervisor.terminate()
        supervisor.wait(90)
