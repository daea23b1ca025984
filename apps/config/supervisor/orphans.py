"""Stops what an earlier supervisor left running when it was killed outright."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import psutil

from apps.config.embedded.postgres import FAST_SHUTDOWN, serves
from apps.config.supervisor.processes import TAG, forget, recorded_process, records, wait_gone


def stop_orphans(data_dir: Path, *, say: Callable[[str], None]) -> None:
    """Ends recorded processes in the right order, then whatever else carries this folder's tag."""
    rows = records(data_dir)
    for _, stage in groupby(rows, key=lambda row: row["stage"]):
        living = [
            (row, process)
            for row in stage
            if (process := recorded_process(row)) and process.pid != os.getpid()
        ]
        for row, process in living:
            say(f"Stopping {row['name']} (pid {process.pid}), left behind by an earlier run.")
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(row["stop_signal"])
        for row, process in living:
            _wait_or_kill(process, seconds=row["grace"])
    if rows:
        for process in _tagged(data_dir):
            _wait_or_kill(process, seconds=0.5)
    _stop_unrecorded_database(data_dir, say=say)
    for path in (data_dir / "run").glob("*.json"):
        forget(data_dir, path.stem)


def _wait_or_kill(process: psutil.Process, *, seconds: float) -> None:
    if wait_gone(process, seconds=seconds):
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
    wait_gone(process, seconds=5)


def _tagged(data_dir: Path) -> list[psutil.Process]:
    """Pool processes and training runs are not on record, but inherit the tag in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(TAG) == str(data_dir):
                found.append(process)
    return found


def _stop_unrecorded_database(data_dir: Path, *, say: Callable[[str], None]) -> None:
    """The records may be gone (someone cleaned up) while the server still serves the folder."""
    folder = data_dir / "postgres"
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        if serves(pid, folder):
            say(f"Stopping database (pid {pid}), left behind by an earlier run.")
            process = psutil.Process(pid)
            process.send_signal(FAST_SHUTDOWN)
            if not wait_gone(process, seconds=20):
                process.send_signal(signal.SIGQUIT)  # never SIGKILL: its helpers would outlive it
                wait_gone(process, seconds=10)
