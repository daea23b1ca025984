"""Everything together, as `make run` starts it: pages answer, killed parts come back, nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.config.supervisor.parts import ROOT
from apps.config.supervisor.processes import recorded_process, records

SUPERVISOR = [sys.executable, "-m", "apps.config.supervisor"]
PARTS = {"supervisor", "database", "broker", "worker", "trainer", "beat", "web"}


@dataclass
class Stack:
    data: Path
    process: subprocess.Popen[str]
    ready: dict[str, Any]


def page_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def until(happened: Callable[[], object], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.1)


def living(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    data = tmp_path / "var"
    command = [*SUPERVISOR, "stack", "--throwaway", "--data", str(data)]
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, (tmp_path / "log").read_text()
    yield Stack(data, process, json.loads(first))
    if process.poll() is None:
        process.terminate()
        process.wait(60)


def restarted(stack: Stack, name: str) -> bool:
    """A new process is on record under this name, and lives."""
    rows = [row for row in records(stack.data) if row["name"] == name]
    return any(row["pid"] != stack.ready["pids"][name] and recorded_process(row) for row in rows)


@pytest.mark.live
@pytest.mark.timeout(120)
def test_parts_killed_outright_come_back_and_sigterm_leaves_nothing(stack: Stack) -> None:
    url, pids = stack.ready["url"], stack.ready["pids"]
    assert set(pids) == PARTS
    assert page_answers(url)

    family = psutil.Process(stack.process.pid).children(recursive=True)
    for name in ("web", "worker", "database", "broker"):
        os.kill(pids[name], signal.SIGKILL)
    until(lambda: all(restarted(stack, name) for name in ("web", "worker", "database", "broker")))
    until(lambda: page_answers(url))

    second = subprocess.run(
        [*SUPERVISOR, "run", "--data", str(stack.data)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert f"already running with the data in {stack.data} at {url}" in second.stderr

    family += psutil.Process(stack.process.pid).children(recursive=True)
    stack.process.terminate()
    assert stack.process.wait(60) == 0
    until(lambda: not living([process.pid for process in family if process.is_running()]), seconds=5)
    assert records(stack.data) == []


@pytest.mark.live
@pytest.mark.timeout(120)
def test_after_kill_nine_of_the_supervisor_nothing_of_it_survives_the_next_start(stack: Stack) -> None:
    family = psutil.Process(stack.process.pid).children(recursive=True)
    stack.process.kill()
    stack.process.wait(10)

    again = subprocess.run(
        [*SUPERVISOR, "exec", "--throwaway", "--data", str(stack.data), "--", "true"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert again.returncode == 0, again.stderr
    assert living([process.pid for process in family if process.is_running()]) == []
