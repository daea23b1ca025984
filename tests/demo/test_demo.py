"""`make demo` for real: a stack of its own, the whole loop through HTTP, one JSON line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "apps.config.demo", "--seed", "7"]

pytestmark = pytest.mark.live


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder)}


@pytest.fixture
def folder() -> Path:
    """A folder that the database's own user can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        yield Path(name)


@pytest.mark.soak  # the newcomer's journey goes the same way round, in a browser
def test_the_loop_closes_unattended(folder: Path) -> None:
    done = subprocess.run(
        COMMAND, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    lines = done.stdout.splitlines()
    assert len(lines) == 1, "stdout carries the one line and nothing else"
    line = json.loads(lines[0])
    assert list(line) == [
        "rounds", "labels", "label_errors_planted", "label_errors_found", "accuracy_before", "accuracy_after",
        "gate", "promoted", "seconds",
    ]  # fmt: skip
    assert (line["rounds"], line["label_errors_planted"]) == (1, 30)
    assert 20 <= line["label_errors_found"] <= 30
    assert 400 <= line["labels"] <= 448, (
        "two answers to each of 200 tasks, and at most 16 gold for each of three"
    )
    assert 0.85 < line["accuracy_before"] < line["accuracy_after"] <= 1
    assert line["promoted"] == (line["gate"] == "pass")
    assert "round 2 opens" in done.stderr
    assert list(folder.iterdir()) == [], "the throw-away folder is gone"


def test_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    demo = subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert demo.stderr is not None
    while "imports 1797 digits" not in (line := demo.stderr.readline()):
        assert line, "it ended before it began"
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(family) > 5, "database, broker, workers and web are running"
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=60)
    assert (demo.returncode, out) == (130, ""), err
    assert err.rstrip().endswith("Stopped.")
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert list(folder.iterdir()) == []
