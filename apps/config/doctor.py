"""What is wrong with this installation, and the mend: `make doctor`. Looks only; changes nothing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import django
import pyarrow.fs as pafs
import redis
from celery import Celery
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError

from apps.config.browser import find_browser
from apps.config.environment import ROOT
from apps.config.supervisor.processes import recorded_process, records

NEEDED_GB = 1.0
LANES = ("default", "mining", "training")
START = "start Whetstone: `make run`, or the service that its URL names (docs/running.md)."


@dataclass(frozen=True)
class Finding:
    """One line of the report; without a mend all is well."""

    subject: str
    detail: str
    mend: str = ""

    def __str__(self) -> str:
        if not self.mend:
            return f"ok       {self.subject:<11} {self.detail}"
        return f"problem  {self.subject:<11} {self.detail}\n{'':21}Mend: {self.mend}"


def versions() -> Finding:
    """Installed packages against the pins; tests and linters may be absent."""
    wrong = []
    for line in _pins("web", "worker", "embedded"):
        name, wanted = re.match(r"([\w.-]+)(?:\[[\w,]+\])?==(\S+)", line).groups()  # type: ignore[union-attr]
        try:
            found = metadata.version(name).split("+")[0]
        except metadata.PackageNotFoundError:
            found = "nothing"
        if found != wanted:
            wrong.append(f"{name} {wanted} ({found} found)")
    if wrong:
        return Finding(
            "packages", f"not as pinned: {', '.join(wrong)}", "`make run` installs the pinned ones."
        )
    return Finding("packages", f"as pinned, on Python {platform.python_version()}, {platform.system()}")


def _pins(*names: str) -> list[str]:
    lines = [
        line for name in names for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    ]
    return [line for line in lines if line and line[0] not in "#-"]


def database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version')")
            return Finding("database", f"PostgreSQL {cursor.fetchone()[0]} answers")
    except (Error, OSError) as error:
        return Finding("database", f"does not answer: {_first_line(error)}", START)


def migrations() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (Error, OSError) as error:
        return Finding("migrations", f"could not be read: {_first_line(error)}", START)
    if missing:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in missing[:3])
        return Finding("migrations", f"{len(missing)} not applied ({names} …)", "python manage.py migrate")
    return Finding("migrations", "all applied")


def broker() -> Finding:
    try:
        redis.Redis.from_url(settings.BROKER_URL, socket_timeout=3, socket_connect_timeout=3).ping()
    except (redis.RedisError, OSError) as error:
        return Finding("broker", f"does not answer: {_first_line(error)}", START)
    return Finding("broker", "answers")


def workers() -> Finding:
    """Asks every worker which lanes it serves."""
    app = Celery(broker=settings.BROKER_URL)
    app.conf.broker_transport_options = {"socket_timeout": 3, "socket_connect_timeout": 3, "max_retries": 1}
    try:
        queues = app.control.inspect(timeout=2).active_queues() or {}
    except (OperationalError, OSError) as error:
        return Finding("workers", f"could not be asked: {_first_line(error)}", START)
    served = {queue["name"] for lanes in queues.values() for queue in lanes}
    idle = [lane for lane in LANES if lane not in served]
    if idle:
        mend = (
            f"celery -A workers.celery worker -Q {','.join(idle)}, or `make run`; they need seconds to start."
        )
        return Finding("workers", f"no worker serves the lanes {', '.join(idle)}", mend)
    return Finding("workers", f"{len(queues)} alive, all lanes served")


def disk() -> Finding:
    place = Path(settings.WORK_DIR)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1024**3
    if free < NEEDED_GB:
        return Finding("disk", f"{free:.1f} GB free at {place}", f"free at least {NEEDED_GB:g} GB.")
    return Finding("disk", f"{free:.0f} GB free at {place}")


def store() -> Finding:
    """Writes and removes one small file."""
    url = settings.STORE_URL
    try:
        if "://" in url:
            files, root = pafs.FileSystem.from_uri(url)
        else:
            files, root = pafs.LocalFileSystem(), str(Path(url).resolve())
        files.create_dir(root, recursive=True)
        probe = f"{root}/.doctor.{os.getpid()}"
        with files.open_output_stream(probe) as stream:
            stream.write(b"ok")
        files.delete_file(probe)
    except (OSError, ValueError) as error:
        return Finding(
            "store", f"cannot be written at {url}: {_first_line(error)}", "mend STORE_URL or its rights."
        )
    return Finding("store", f"writable at {url}")


def supervisor() -> Finding:
    """Records of processes that no longer live tell of a supervisor that was killed."""
    rows = records(ROOT / "var")
    dead = [f"{row['name']} (pid {row['pid']})" for row in rows if recorded_process(row) is None]
    if dead:
        return Finding(
            "supervisor", f"on record, but not running: {', '.join(dead)}", "`make run` cleans up."
        )
    if not rows:
        return Finding("supervisor", "not running here; nothing left behind")
    return Finding("supervisor", f"{len(rows)} processes as on record")


def browser() -> Finding:
    found = find_browser()
    return Finding("browser", found or "none; only the tests need one, and `make test` installs it")


CHECKS: list[Callable[[], Finding]] = [
    versions, database, migrations, broker, workers, disk, store, supervisor, browser,
]  # fmt: skip


def findings() -> Iterator[Finding]:
    for check in CHECKS:
        try:
            yield check()
        except Exception as error:  # one check that breaks must not hide the others
            yield Finding(check.__name__, f"{type(error).__name__}: {_first_line(error)}", "see this error.")


def report(write: Callable[[str], object] = print) -> int:
    """Writes one line per check; 1 if there is any problem."""
    problems = 0
    for finding in findings():
        write(str(finding))
        problems += bool(finding.mend)
    write(f"\n{problems} problem{'s' * (problems != 1)} found." if problems else "\nAll is well.")
    return 1 if problems else 0


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        print(Finding("settings", str(error), START))
        return 1
    return report()


if __name__ == "__main__":
    sys.exit(main())
