"""Writes events, seals them into a hash chain, and verifies that chain."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from psycopg.types.json import Jsonb

from apps.core.models import Event, EventSeal

GENESIS = "0" * 64
SEALER_LOCK = 7_303_014  # any constant: one sealer at a time holds this advisory lock
SEALED_AT_ONCE = 5_000
WINDOW = 50_000  # ids below the last seal that are looked at again: transactions commit out of order


INSERT_EVENT = "INSERT INTO core_event (at, actor_id, project_id, kind, object_type, object_id, data)"
EVENT_VALUES = "%s::timestamptz, %s::bigint, %s::bigint, %s::text, %s::text, %s::text, %s::jsonb"


def record_event(
    *,
    kind: str,
    row: models.Model,
    at: datetime,
    actor: Any = None,
    project_id: int | None = None,
    **data: Any,
) -> None:
    """Insert one event; call it in the transaction that makes the change it tells of."""
    values = event_values(kind=kind, row=row, at=at, actor=actor, project_id=project_id, data=data)
    with connection.cursor() as cursor:
        cursor.execute(f"{INSERT_EVENT} VALUES ({EVENT_VALUES})", values)


def event_values(
    *, kind: str, row: models.Model, at: datetime, actor: Any, project_id: int | None, data: dict[str, Any]
) -> list[Any]:
    """The values of one event, in the order of `INSERT_EVENT`."""
    if project_id is None:
        project_id = getattr(row, "project_id", None)
    who = None if actor is None else actor.pk
    return [at, who, project_id, kind, row._meta.model_name, str(row.pk), Jsonb(data)]


def canonical(event: Event) -> bytes:
    """The bytes an event is hashed by."""
    fields = [event.pk, event.at.isoformat(), event.actor_id, event.project_id, event.kind]
    return json.dumps(
        [*fields, event.object_type, event.object_id, event.data], sort_keys=True, separators=(",", ":")
    ).encode()


def chain(previous: str, event: Event) -> str:
    return hashlib.sha256(previous.encode() + canonical(event)).hexdigest()


@transaction.atomic
def seal_events(*, limit: int = SEALED_AT_ONCE, everything: bool = False) -> int:
    """Number and chain unsealed events in id order; returns how many. One sealer at a time, the rest return 0.

    `everything` looks below the window too, through every event ever written: for transactions that took very long.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    last = EventSeal.objects.order_by("-number").first()
    unsealed = Event.objects.filter(seal=None)
    if last and not everything:
        unsealed = unsealed.filter(pk__gt=last.event_id - WINDOW)
    number, previous = (last.number, last.digest) if last else (0, GENESIS)
    seals = []
    for event in unsealed.order_by("pk")[:limit]:
        number, digest = number + 1, chain(previous, event)
        seals.append(EventSeal(number=number, event=event, previous=previous, digest=digest))
        previous = digest
    EventSeal.objects.bulk_create(seals)
    return len(seals)


@dataclass(frozen=True)
class ChainReport:
    """What verification found: `broken_at` is the first seal number that does not follow, None when all do."""

    sealed: int
    unsealed: int
    broken_at: int | None
    head: str

    @property
    def intact(self) -> bool:
        return self.broken_at is None


def verify_chain() -> ChainReport:
    """Recompute every link from the first event on."""
    previous, number = GENESIS, 0
    seals = EventSeal.objects.select_related("event").order_by("number")
    for seal in seals.iterator(chunk_size=2_000):
        number += 1
        follows = seal.number == number and seal.previous == previous
        if not follows or chain(previous, seal.event) != seal.digest:
            return ChainReport(number - 1, _unsealed(), number, previous)
        previous = seal.digest
    return ChainReport(number, _unsealed(), None, previous)


def _unsealed() -> int:
    return Event.objects.filter(seal=None).count()
