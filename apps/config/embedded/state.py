"""What the embedded servers of one data folder remember between runs: ports, secrets, demo.

Imported by the settings of every process, so it stays on the standard library.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from apps.config.embedded.errors import SetupError

DATABASE = "whetstone"
PORTS = range(20_000, 32_000)  # below the ranges from which systems lend ports to outgoing connections
SECRETS = ("postgres_password", "broker_password", "secret_key")


def environment(data_dir: Path) -> dict[str, str]:
    """The settings that the servers of this folder provide; empty while nothing was ever started there."""
    state = read_state(data_dir)
    if "postgres_port" not in state:
        return {}
    password, broker_password, secret_key = (read_secret(data_dir, name) for name in SECRETS)
    found = {
        "DATABASE_URL": f"postgres://{DATABASE}:{password}@127.0.0.1:{state['postgres_port']}/{DATABASE}",
        "BROKER_URL": f"redis://:{broker_password}@127.0.0.1:{state['broker_port']}/0",
        "SECRET_KEY": secret_key,
        "WORK_DIR": str(data_dir / "work"),
        "WHETSTONE_DEMO": "1" if state.get("demo") else "0",
    }
    if "store_url" in state:
        found["STORE_URL"] = state["store_url"]
    return found


def read_state(data_dir: Path) -> dict[str, Any]:
    path = data_dir / "state.json"
    try:
        state = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError as error:
        raise SetupError(
            f"{path} is not readable as JSON ({error}).",
            "delete this file; ports are then chosen anew, and nothing else is lost.",
        ) from error
    return dict(state)


def write_state(data_dir: Path, changes: Mapping[str, Any]) -> None:
    """Merges the changes in, whole or not at all."""
    replace_file(data_dir / "state.json", json.dumps({**read_state(data_dir), **changes}, indent=2) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Writes aside and renames, readable by the owner only."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.replace(aside, path)


def read_secret(data_dir: Path, name: str) -> str:
    path = data_dir / name
    try:
        return path.read_text().strip()
    except FileNotFoundError as error:
        raise SetupError(
            f"{path} is missing, but the servers of this folder need it.", _lost(name)
        ) from error


def _lost(name: str) -> str:
    if name == "postgres_password":
        return "restore the file from a backup of this folder; without it the database cannot be opened."
    return "run `make run` again; it makes a new one."


def ensure_secrets(data_dir: Path, *, database_exists: bool) -> None:
    """Makes each secret once; a database whose password is lost is said, not locked out."""
    for name in SECRETS:
        path = data_dir / name
        if path.exists():
            continue
        if name == "postgres_password" and database_exists:
            raise SetupError(f"{path} is missing, but the database beside it needs it.", _lost(name))
        replace_file(path, secrets.token_urlsafe(48 if name == "secret_key" else 24) + "\n")


def keep_or_choose_ports(data_dir: Path, *, rng: Random) -> dict[str, int]:
    """The ports used last time, each replaced where another program has taken it meanwhile."""
    state = read_state(data_dir)
    ports: dict[str, int] = {}
    for name in ("postgres_port", "broker_port"):
        kept = state.get(name)
        ports[name] = kept if kept and is_free(kept) else free_port(rng=rng, but=set(ports.values()))
    write_state(data_dir, ports)
    return ports


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(*, rng: Random, but: set[int]) -> int:
    for _ in range(200):
        port = rng.choice(PORTS)
        if port not in but and is_free(port):
            return port
    raise SetupError(
        f"No free TCP port was found on 127.0.0.1 between {PORTS.start} and {PORTS.stop} in 200 tries.",
        "end programs that hold many ports, then run again.",
    )
