"""What is looked at before anything starts: each trouble is a plain sentence with its mend."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from apps.config.embedded import SetupError
from apps.config.supervisor.processes import forget, record_path

PYTHON = (3, 11)
GIGABYTE = 1024**3


def check_python() -> None:
    if sys.version_info[:2] < PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"This is Python {found}; Whetstone needs 3.11 or newer.", "install one, then `make run`."
        )


def check_folder(data_dir: Path) -> None:
    """Makes the data folder, private, and tries to write in it."""
    try:
        (data_dir / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
        (data_dir / "work").mkdir(exist_ok=True)
        probe = data_dir / f".write-test.{os.getpid()}"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise SetupError(
            f"Cannot write in the folder {data_dir}: {error.strerror or error}.",
            "make it writable for you, or choose another: `make run DATA=/some/folder`.",
        ) from error


def check_disk(data_dir: Path, *, needed_gb: float) -> None:
    free = shutil.disk_usage(data_dir).free / GIGABYTE
    if free < needed_gb:
        raise SetupError(
            f"The disk that holds {data_dir} is nearly full: {free:.1f} GB free, {needed_gb:g} GB needed.",
            "free some space, or choose a folder on another disk: `make run DATA=/some/folder`.",
        )


def port_number(text: str) -> int:
    """What stands behind PORT=, as a port."""
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise SetupError(
            f"PORT={text} is not a port.", "choose a number from 1 to 65535: `make run PORT=8000`."
        )
    return int(text)


def check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise SetupError(f"Port {port} is for root only.", f"`make run PORT={port + 8000}`.") from None
        except OSError:
            raise SetupError(
                f"Port {port} is taken by {_holder(port)}.",
                f"`make run PORT={port + 1}`, or end that program.",
            ) from None


def _holder(port: int) -> str:
    """Which program listens there, where the system lets us see it."""
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):
            for connection in process.net_connections("tcp"):
                if (
                    connection.laddr
                    and connection.laddr.port == port
                    and connection.status == psutil.CONN_LISTEN
                ):
                    return f"{process.info['name']} (pid {process.pid})"
    return "another program"


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Held as long as this process lives, however it ends: the system frees the lock."""
    with open(data_dir / "run" / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(*_already_running(data_dir)) from None
        try:
            yield
        finally:
            forget(data_dir, "supervisor")


def running(data_dir: Path) -> dict[str, object] | None:
    """What the supervisor that now holds this folder says of itself."""
    try:
        with open(data_dir / "run" / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(OSError, ValueError):
            return dict(json.loads(record_path(data_dir, "supervisor").read_text()))
        return {}
    except FileNotFoundError:
        return None
    return None


def _already_running(data_dir: Path) -> tuple[str, str]:
    row = running(data_dir) or {}
    where = f" at {row['url']}" if row.get("url") else ""
    return (
        f"Whetstone is already running with the data in {data_dir}{where} (pid {row.get('pid', 'unknown')}).",
        "use that one, or stop it first: `make stop`.",
    )
