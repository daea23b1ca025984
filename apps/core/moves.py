"""The one way a state changes: checked against the table beside the model, compare-and-set, with its event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.transaction import TransactionManagementError

from apps.core.errors import IllegalMove, LostRace
from apps.core.events import record_event


def move(
    row: Any,
    *,
    to: str,
    at: datetime,
    actor: Any = None,
    data: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Move `row` to state `to`, setting `changes` in the same UPDATE.

    Raises `IllegalMove` when `row.MOVES` does not allow it, `LostRace` when the row is no longer in the state
    it was read in, and `TransactionManagementError` outside a transaction (the event must share it).
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError(
            "move() must run inside transaction.atomic, so that its event cannot be lost."
        )
    origin = row.state
    if to not in row.MOVES.get(origin, ()):
        raise IllegalMove(row, origin, to)
    model: type[models.Model] = type(row)
    if not model._default_manager.filter(pk=row.pk, state=origin).update(state=to, **changes):
        raise LostRace(row, to)
    row.state = to
    for name, value in changes.items():
        setattr(row, name, value)
    noun = model._meta.model_name
    record_event(kind=f"{noun}.{to}", row=row, at=at, actor=actor, origin=origin, **(data or {}))
