"""One child process: how it is started, recorded on disk, read and ended with everything it started."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from apps.config.embedded.os_user import process_options
from apps.config.embedded.state import replace_file

TAG = "WHETSTONE_SUPERVISED"  # the data folder, in the environment of everything that we start
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here: not after a fork


@dataclass(frozen=True)
class Spec:
    """A part to run. Parts of a higher stage start later and stop earlier."""

    name: str
    stage: int
    command: list[str]
    env: Mapping[str, str]
    cwd: Path
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 8.0
    user: str | None = None
    noise: re.Pattern[str] | None = None
    nice: int = 0  # gives way to the others by so much
    once: bool = False  # ends by itself, such as the migrations


@dataclass
class Child:
    spec: Spec
    popen: subprocess.Popen[bytes]
    started: float
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=30))
    unfinished: bytes = b""

    @property
    def exit_code(self) -> int | None:
        return self.popen.poll()

    def read_lines(self) -> list[str]:
        """Whole lines that wait in the pipe; never blocks."""
        assert self.popen.stdout is not None
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.popen.stdout.fileno(), 65536):
                self.unfinished += chunk
        *lines, self.unfinished = self.unfinished.split(b"\n")
        texts = [line.decode(errors="replace").rstrip() for line in lines]
        noise = self.spec.noise
        self.tail.extend(text for text in texts if text)
        return [text for text in texts if text and not (noise and noise.search(text))]

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)

    def kill_group(self) -> None:
        """Ends what the part itself started and left behind, such as a training process."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)


def spawn(spec: Spec, *, data_dir: Path, now: float) -> Child:
    """Starts the part in a session of its own, so that Ctrl-C reaches only the supervisor."""

    def before_it_runs() -> None:
        if spec.nice:
            os.nice(spec.nice)
        # an addition on Linux; elsewhere the next run finds orphans by their records
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, int(spec.stop_signal))

    popen = subprocess.Popen(
        spec.command, cwd=spec.cwd, env={**spec.env, TAG: str(data_dir)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        preexec_fn=before_it_runs,  # noqa: PLW1509 (this process has no threads)
        **process_options(spec.user),
    )  # type: ignore[call-overload]  # fmt: skip
    assert popen.stdout is not None
    os.set_blocking(popen.stdout.fileno(), False)
    record(data_dir, spec, popen.pid)
    return Child(spec=spec, popen=popen, started=now)


def record(data_dir: Path, spec: Spec, pid: int) -> None:
    try:
        process = psutil.Process(pid)
        created, executable = process.create_time(), process.exe()
    except psutil.Error:  # ended at once; the supervisor notices by its exit code
        return
    row = {
        "name": spec.name, "stage": spec.stage, "pid": pid, "created": created, "executable": executable,
        "stop_signal": int(spec.stop_signal), "grace": spec.grace,
    }  # fmt: skip
    replace_file(record_path(data_dir, spec.name), json.dumps(row) + "\n")


def record_path(data_dir: Path, name: str) -> Path:
    return data_dir / "run" / f"{name}.json"


def forget(data_dir: Path, name: str) -> None:
    record_path(data_dir, name).unlink(missing_ok=True)


def records(data_dir: Path) -> list[dict[str, Any]]:
    """The processes on record, those to be stopped first standing first."""
    rows = []
    for path in (data_dir / "run").glob("*.json"):
        with contextlib.suppress(ValueError, FileNotFoundError):  # cut short by a full disk; or just ended
            rows.append(json.loads(path.read_text()))
    return sorted(rows, key=lambda row: -row["stage"])


def recorded_process(row: Mapping[str, Any]) -> psutil.Process | None:
    """The process of this record if it still lives; another that was given the same pid is not it."""
    try:
        process = psutil.Process(row["pid"])
        same = abs(process.create_time() - row["created"]) < 1.0 and process.exe() == row["executable"]
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def wait_gone(process: psutil.Process, *, seconds: float) -> bool:
    """Waits for a process that may not be our child; a zombie that nobody collects has ended, too."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False
