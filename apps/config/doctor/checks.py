"""What is wrong with this installation, and the mend. Looks only; changes nothing."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import metadata

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from apps.config.browser import find_browser
from apps.config.environment import ROOT
from apps.config.supervisor.processes import recorded_process, records
from apps.core import health
from apps.core.health import Reading


def line(reading: Reading) -> str:
    if reading.well:
        return f"ok       {reading.subject:<13} {reading.detail}"
    return f"problem  {reading.subject:<13} {reading.detail}\n{'':23}Mend: {reading.mend}"


def packages() -> Reading:
    """Installed packages against the pins; tests and linters may be absent."""
    wrong = []
    for pin in _pins("web", "worker", "embedded"):
        name, wanted = re.match(r"([\w.-]+)(?:\[[\w,]+\])?==(\S+)", pin).groups()  # type: ignore[union-attr]
        try:
            found = metadata.version(name).split("+")[0]
        except metadata.PackageNotFoundError:
            found = "nothing"
        if found != wanted:
            wrong.append(f"{name} {wanted} ({found} found)")
    if wrong:
        return Reading(
            "Packages", f"not as pinned: {', '.join(wrong)}", "`make run` installs the pinned ones."
        )
    return Reading("Packages", f"as pinned, on Python {platform.python_version()}, {platform.system()}")


def _pins(*names: str) -> list[str]:
    lines = [
        line for name in names for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    ]
    return [line for line in lines if line and line[0] not in "#-"]


def store() -> Reading:
    """Where it lies is for whoever runs the machine: the pages do not tell it."""
    reading = health.store()
    return replace(reading, detail=f"{reading.detail} at {settings.STORE_URL}")


def migrations() -> Reading:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (Error, OSError) as error:
        return Reading("Migrations", f"could not be read: {health.first_line(error)}", health.START)
    if missing:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in missing[:3])
        return Reading("Migrations", f"{len(missing)} not applied ({names} …)", "python manage.py migrate")
    return Reading("Migrations", "all applied")


def supervisor() -> Reading:
    """Records of processes that no longer live tell of a supervisor that was killed."""
    rows = records(ROOT / "var")
    dead = [f"{row['name']} (pid {row['pid']})" for row in rows if recorded_process(row) is None]
    if dead:
        return Reading(
            "Supervisor", f"on record, but not running: {', '.join(dead)}", "`make run` cleans up."
        )
    if not rows:
        return Reading("Supervisor", "not running here; nothing left behind")
    return Reading("Supervisor", f"{len(rows)} processes as on record")


def browser() -> Reading:
    found = find_browser()
    return Reading("Browser", found or "none; only the tests need one, and `make test` installs it")


CHECKS: list[Callable[[], Reading | list[Reading]]] = [
    packages, health.database, migrations, health.broker, health.workers, health.disk, store, supervisor, browser,
]  # fmt: skip


def readings() -> Iterator[Reading]:
    """What the health page reads, and what only whoever runs the machine can mend."""
    for check in CHECKS:
        try:
            found = check()
            yield from found if isinstance(found, list) else [found]
        except Exception as error:  # one check that breaks must not hide the others
            sentence = f"{type(error).__name__}: {health.first_line(error)}"
            yield Reading(check.__name__.capitalize(), sentence, "See this error.")


def report(write: Callable[[str], object] = print) -> int:
    """Writes one line per check; 1 if there is any problem."""
    problems = 0
    for reading in readings():
        write(line(reading))
        problems += not reading.well
    write(f"\n{problems} problem{'s' * (problems != 1)} found." if problems else "\nAll is well.")
    return 1 if problems else 0
