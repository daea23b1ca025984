"""Whether this process can serve (`healthz`), and how the whole installation is (`readings`)."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error, OperationalError, connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError as BrokerError

from apps.core import jobs
from apps.core.events import WINDOW
from apps.core.models import Event, EventSeal
from apps.core.store import writable

PATIENCE = 0.6  # seconds to wait for the broker, and for the workers' answers
UNSEALED_FINE = 200  # events that may wait for the sealer, which comes every two seconds
NEEDED_GB = 1.0
SHOWN = ("Django", "celery", "psycopg", "pyarrow", "numpy")


@dataclass(frozen=True)
class Reading:
    """One line of the health table; `mend` says what to do when it is not `well`."""

    subject: str
    detail: str
    well: bool = True
    mend: str = ""


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
    broker = _broker()
    return [_database(), broker, *_lanes(broker), _sealer(), _disk(), _store(), _versions()]


def _database() -> Reading:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            number, size = cursor.fetchone()
    except Error as error:
        return Reading("Database", f"does not answer: {error}", False, "Start PostgreSQL.")
    return Reading("Database", f"PostgreSQL {number.split()[0]}, {size / 2**20:,.0f} MiB")


def _broker() -> Reading:
    try:
        client = redis.Redis.from_url(
            settings.BROKER_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        waiting = sum(int(client.llen(lane)) for lane in lanes())
    except (redis.RedisError, OSError) as error:
        mend = "Start Valkey. Runs that are queued are not lost; the sweeper wakes them."
        return Reading("Broker", f"does not answer: {error}", False, mend)
    return Reading("Broker", f"answers; {waiting} wake-ups waiting")


def lanes() -> list[str]:
    """The lanes that jobs wait in."""
    return sorted({job.lane for job in vars(jobs).values() if isinstance(job, jobs.Job)})


def _lanes(broker: Reading) -> list[Reading]:
    """How many workers serve each lane."""
    if not broker.well:
        return [Reading("Workers", "cannot be asked without the broker", False, "Start the broker first.")]
    try:
        found = jobs.producer().control.inspect(timeout=PATIENCE).active_queues() or {}
    except (BrokerError, OSError) as error:
        return [Reading("Workers", f"cannot be asked: {error}", False, "See the broker.")]
    served = [queue["name"] for queues in found.values() for queue in queues]
    return [_lane(lane, served.count(lane)) for lane in lanes()]


def _lane(lane: str, alive: int) -> Reading:
    if alive:
        return Reading(f"Lane {lane}", f"{alive} worker{'s' * (alive != 1)} alive")
    mend = f"Start one: celery -A workers.celery worker -Q {lane}"
    return Reading(f"Lane {lane}", "no worker answers: jobs of this lane wait", False, mend)


def _sealer() -> Reading:
    last = EventSeal.objects.order_by("-number").values_list("event_id", flat=True).first() or 0
    # as the sealer does: looking through every event ever sealed would take longer each day
    waiting = Event.objects.filter(seal=None, pk__gt=last - WINDOW)[: UNSEALED_FINE + 1].count()
    if waiting > UNSEALED_FINE:
        mend = "Check that beat and a worker of the lane default are running."
        return Reading("Audit chain", f"more than {UNSEALED_FINE} events are not sealed", False, mend)
    return Reading("Audit chain", f"{waiting} events not sealed yet")


def _disk() -> Reading:
    place = Path(settings.WORK_DIR)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 2**30
    if free < NEEDED_GB:
        return Reading("Disk", f"{free:.1f} GiB free", False, f"Free at least {NEEDED_GB:g} GiB.")
    return Reading("Disk", f"{free:,.0f} GiB free")


def _store() -> Reading:
    try:
        writable()
    except (OSError, ValueError) as error:
        return Reading("Store", f"cannot be written: {error}", False, "Mend STORE_URL or its rights.")
    return Reading("Store", "writable")


def _versions() -> Reading:
    packages = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    return Reading("Versions", f"Python {platform.python_version()}, {packages}")
