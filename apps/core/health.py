"""Whether this process can serve (`healthz`), and how the whole installation is (`readings`)."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error, OperationalError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from apps.core import jobs
from apps.core.models import Event
from apps.core.store import writable

PATIENCE = 0.6  # seconds to wait for the broker, and for the workers' answers
SEALED_WITHIN = timedelta(minutes=1)  # the sealer comes every two seconds
START = "Start Whetstone (`make run`), or the service that its URL names (docs/running.md)."
NEEDED_GB = 1.0
SHOWN = ("Django", "celery", "psycopg", "pyarrow", "numpy")


@dataclass(frozen=True)
class Reading:
    """One line of the health table; without a `mend` all is well."""

    subject: str
    detail: str
    mend: str = ""

    @property
    def well(self) -> bool:
        return not self.mend


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return JsonResponse({"status": "database away"}, status=503)
    return JsonResponse({"status": "ok"})


def readings() -> list[Reading]:
    """Every reading, in the order of what breaks what; takes at most about a second."""
    return [database(), broker(), *workers(), sealer(), disk(), store(), versions()]


def database() -> Reading:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            number, size = cursor.fetchone()
    except (Error, OSError) as error:
        return Reading("Database", f"does not answer: {first_line(error)}", START)
    return Reading("Database", f"PostgreSQL {number.split()[0]}, {size / 2**20:,.0f} MiB")


def broker() -> Reading:
    try:
        client = redis.Redis.from_url(
            settings.BROKER_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        waiting = sum(int(client.llen(lane)) for lane in jobs.lanes())
    except (redis.RedisError, OSError) as error:
        mend = f"{START} Runs that are queued are not lost: the sweeper wakes them."
        return Reading("Broker", f"does not answer: {first_line(error)}", mend)
    return Reading("Broker", f"answers; {waiting} wake-ups waiting")


def workers() -> list[Reading]:
    """How many workers serve each lane, by their own answers."""
    try:
        found = jobs.producer().control.inspect(timeout=PATIENCE).active_queues() or {}
    except (BrokerError, OSError) as error:
        return [Reading("Workers", f"cannot be asked: {first_line(error)}", "See the broker.")]
    served = [queue["name"] for queues in found.values() for queue in queues]
    return [_lane(lane, served.count(lane)) for lane in jobs.lanes()]


def _lane(lane: str, alive: int) -> Reading:
    if alive:
        return Reading(f"Lane {lane}", f"{alive} worker{'s' * (alive != 1)} alive")
    mend = f"Start one: celery -A workers.celery worker -Q {lane}. It needs seconds to start."
    return Reading(f"Lane {lane}", "no worker answers: jobs of this lane wait", mend)


def sealer() -> Reading:
    unsealed = Event.objects.filter(seal=None)
    late = unsealed.filter(at__lt=timezone.now() - SEALED_WITHIN).count()
    if late:
        mend = (
            "Check that beat and a worker of the lane default are running; once an hour all are looked for."
        )
        return Reading("Audit chain", f"events unsealed for more than a minute: {late:,}", mend)
    return Reading("Audit chain", f"events that wait for their seal: {unsealed.count()}")


def disk() -> Reading:
    place = Path(settings.WORK_DIR)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 2**30
    if free < NEEDED_GB:
        return Reading("Disk", f"{free:.1f} GiB free", f"Free at least {NEEDED_GB:g} GiB.")
    return Reading("Disk", f"{free:,.0f} GiB free")


def store() -> Reading:
    try:
        writable()
    except (OSError, ValueError) as error:
        return Reading("Store", f"cannot be written: {first_line(error)}", "Mend STORE_URL or its rights.")
    return Reading("Store", "writable")


def versions() -> Reading:
    packages = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    return Reading("Versions", f"Python {platform.python_version()}, {packages}")


def first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
