"""Runs the learner in a child process: feeds it a spec, reads its JSON lines, beats for it, ends it."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from django.utils import timezone

from apps.core.models import Run
from apps.core.runs import beat
from workers.jobs.claiming import JobFailed

BEAT_EVERY = 2.0  # seconds
STOP_WITHIN = 10.0
LOG_READ = 40_000  # bytes
Line = dict[str, Any]
# where programs and libraries lie, the language, threads, devices, and torchrun's own
NEEDED = frozenset({
    "PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE",
    "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT",
})  # fmt: skip
NEEDED_KINDS = ("LC_", "OMP_", "MKL_", "OPENBLAS_", "CUDA_", "CUBLAS_", "NVIDIA_", "NCCL_", "GLOO_", "TORCH")


def run_learner(
    command: str,
    spec: Line,
    *,
    folder: Path,
    run: Run,
    hear: Callable[[Line], None],
    log: Callable[[str], None],
) -> None:
    """Run `python -m workers.learner COMMAND SPEC.json` to its end; raises `JobFailed` with its own sentence.

    `hear` gets each JSON line, `log` its stderr. `ClaimLost` and `RunCancelled` from the heartbeat end the child.
    """
    (path := folder / f"{command}.json").write_text(json.dumps(spec, indent=2))
    with (folder / f"{command}.log").open("a+") as errors:
        errors.seek(0, os.SEEK_END)
        child = subprocess.Popen(
            [sys.executable, "-m", "workers.learner", command, str(path), "--parent-pipe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(os.environ),
        )
        try:
            failure = _listen(child, run, hear)
        finally:
            _end(child)
            log(_tail(errors))
    if child.returncode != 0:
        raise JobFailed(failure or f"The learner ended with status {child.returncode}. See the run's log.")


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What the child needs of our environment. The database's address and the secrets are none of its business."""
    return {name: value for name, value in ours.items() if name in NEEDED or name.startswith(NEEDED_KINDS)}


def _listen(child: subprocess.Popen[bytes], run: Run, hear: Callable[[Line], None]) -> str:
    """Read lines until the child closes its output, beating meanwhile; returns its error sentence, if any."""
    assert child.stdout is not None
    failure, held, beaten = "", b"", 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if time.monotonic() - beaten >= BEAT_EVERY:
                beat(run, at=timezone.now(), pid=child.pid)
                beaten = time.monotonic()
            if not selector.select(timeout=BEAT_EVERY / 2):
                continue
            data = os.read(child.stdout.fileno(), 65_536)
            if not data:
                child.wait(STOP_WITHIN)
                return failure
            *lines, held = (held + data).split(b"\n")
            for line in map(json.loads, lines):
                failure = line["message"] if line["event"] == "error" else failure
                hear(line)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let the child go: its stdin closes, it checkpoints and leaves; one that stays is killed."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def _tail(errors: IO[str]) -> str:
    errors.flush()
    errors.seek(max(0, errors.tell() - LOG_READ))
    return errors.read()
