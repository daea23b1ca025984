"""Files in the out folder: written aside, renamed into place; the report comes last and means "finished"."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workers.learner.contract import LearnerError, SpecError

# a learner that was told to stop writes one more checkpoint before it lets go
LOCK_PATIENCE = 5.0


class OutBusy(LearnerError):
    """Another learner holds the folder."""

    code = "out_busy"
    exit_status = 2


def finished_report(out: Path, spec_digest: str) -> Path | None:
    """The report of this very spec if it was already made; refuses a folder with another run's report."""
    path = out / "report.json"
    if not path.exists():
        return None
    if json.loads(path.read_bytes()).get("spec_digest") != spec_digest:
        raise SpecError(f"out: {out} holds the report of another spec; choose an empty folder.")
    return path


@contextmanager
def sole_writer(out: Path) -> Iterator[None]:
    """Holds the folder for this process; the lock goes with the process, however it ends."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock:
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _try_lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise OutBusy(f"out: another learner is writing to {out}; wait for it or cancel it.")
            time.sleep(0.1)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then rename it: `path` is whole or not there."""
    aside = path.with_name(f".{path.name}.aside")
    write(aside)
    with aside.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(aside, path)


def write_json(path: Path, data: Any) -> None:
    """The data as JSON, whole or not at all; ValueError on NaN and infinities."""
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def write_parquet(path: Path, table: pa.Table) -> None:
    """The table, whole or not at all."""
    write_aside(path, lambda aside: pq.write_table(table, aside, compression="zstd"))


def probability_column(probs: Any) -> pa.Array:
    """(n, k) floats → a list<float32> column of n lists."""
    rows, width = probs.shape
    offsets = pa.array(range(0, (rows + 1) * width, width), type=pa.int32())
    flat = pa.array(probs.reshape(-1), type=pa.float32())
    return pa.ListArray.from_arrays(offsets, flat)
