"""The parts that make up Whetstone on one machine, as commands."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from apps.config.embedded import environment, postgres, state, valkey
from apps.config.embedded.os_user import database_user
from apps.config.supervisor.processes import Spec

ROOT = Path(__file__).resolve().parents[3]
NOISE = re.compile(  # banners, and advice that does not fit one machine with one owner
    r"superuser privileges|absolutely not recommended|--uid option|User information: uid=|_warn_or_raise_secu"
    r"|Configuration allows spawning up to|No directory at: .*static|mw_instance = middleware"
    r"|Warm shutdown|^celery beat v|^__    -    |^LocalTime ->|^Configuration ->|^    \. "
)
DATABASE, BROKER, WORKERS, BEAT, WEB, ONCE = range(6)  # stages


@dataclass(frozen=True)
class Servers:
    database: postgres.Postgres
    broker: valkey.Valkey

    def specs(self) -> list[Spec]:
        plain = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return [
            Spec("database", DATABASE, self.database.command(), plain, Path("/"), user=self.database.user,
                 noise=postgres.NOISE, stop_signal=postgres.FAST_SHUTDOWN, grace=30.0),
            Spec("broker", BROKER, self.broker.command(), plain, self.broker.folder, noise=valkey.NOISE),
        ]  # fmt: skip


def prepare_servers(data_dir: Path, *, throwaway: bool, rng: Random, say: Callable[[str], None]) -> Servers:
    """Makes secrets, ports and data folders where they are missing; starts nothing."""
    state.ensure_secrets(data_dir, database_exists=(data_dir / "postgres" / "PG_VERSION").exists())
    ports = state.keep_or_choose_ports(data_dir, rng=rng)
    database = postgres.Postgres(data_dir, ports["postgres_port"], database_user(), throwaway)
    broker = valkey.Valkey(data_dir, ports["broker_port"])
    postgres.prepare(database, say=say)
    valkey.installed()
    broker.configure()
    return Servers(database, broker)


def app_environment(data_dir: Path, environ: Mapping[str, str], *, private: bool) -> dict[str, str]:
    """The caller's environment, with the database and broker of this folder in it whatever it said.

    `private` also overrules the caller's store and secrets: a stack inside a test inside `exec` is its own.
    """
    ours = environment(data_dir)
    always = (
        ours if private else {name: ours[name] for name in ("DATABASE_URL", "BROKER_URL", "WHETSTONE_DEMO")}
    )
    base = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "apps.config.settings"}
    return {**ours, **environ, **always, **base}


def manage(name: str, *arguments: str, env: Mapping[str, str]) -> Spec:
    command = [sys.executable, "manage.py", *arguments]
    return Spec(name, ONCE, command, env, ROOT, noise=NOISE, once=True)


def celery(data_dir: Path, *, env: Mapping[str, str]) -> list[Spec]:
    base = [sys.executable, "-m", "celery", "--quiet", "-A", "workers.celery"]
    log = ["--loglevel", "WARNING"]
    quick = ["--without-gossip", "--without-mingle", *log]
    worker = ["worker", "-n", "worker@%h", "-Q", "default,mining", "-c", "2"]
    trainer = ["worker", "-n", "trainer@%h", "-Q", "training", "-c", "1", "--prefetch-multiplier", "1"]
    beat = ["beat", "--schedule", str(data_dir / "work" / "beat-schedule"), "--pidfile", ""]
    return [
        Spec("worker", WORKERS, [*base, *worker, *quick], env, ROOT, noise=NOISE),
        # training may take every core; people at the desk go first
        Spec("trainer", WORKERS, [*base, *trainer, *quick], env, ROOT, noise=NOISE, nice=10),
        Spec("beat", BEAT, [*base, *beat, *log], env, ROOT, grace=4.0, noise=NOISE),
    ]


def web(port: int, *, env: Mapping[str, str]) -> Spec:
    """Two processes for two cores; few threads each: more of them only wait for each other's turn at Python."""
    processes = max(2, min(4, os.cpu_count() or 2))
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(processes), "--blocking-threads", "4", "--respawn-failed-workers",
        "--respawn-interval", "0.5", "--workers-kill-timeout", "4", "--log-level", "warning",
        "apps.config.wsgi:application",
    ]  # fmt: skip
    return Spec("web", WEB, command, {"DATABASE_POOL": "1", **env}, ROOT, grace=6.0, noise=NOISE)
