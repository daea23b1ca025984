"""Reads the environment into plain values, with an error that names the variable and the mend."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from apps.config.embedded import environment as embedded_environment

ROOT = Path(__file__).resolve().parent.parent.parent
# while the database is away people are told so soon, and the pool does not sleep longer and longer between its tries
POOL = {"min_size": 1, "max_size": 8, "timeout": 4, "reconnect_timeout": 2}
BINDING = {"server_side_binding": True, "prepare_threshold": 5}


def read(name: str, default: str | None = None) -> str:
    """The variable from the environment, else from the embedded servers' state, else the default."""
    if name in os.environ:
        return os.environ[name]
    value = embedded_environment(ROOT / "var").get(name, default)
    if value is None:
        raise ImproperlyConfigured(
            f"{name} is not set. Start the embedded servers with `make run`, or set {name} yourself "
            "(see docs/running.md)."
        )
    return value


def flag(name: str, default: bool = False) -> bool:
    return read(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    return [word for word in read(name, default).split(",") if word]


def database(url: str, *, pool: bool) -> dict[str, object]:
    """Django's database settings from `postgres://user:password@host:port/name`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL starts with {parts.scheme!r}; Whetstone needs PostgreSQL: postgres://user:password@host/name"
        )
    options: dict[str, object] = {**BINDING, **({"pool": POOL} if pool else {})}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
