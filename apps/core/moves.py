"""The one way a state changes: checked against the table beside the model, compare-and-set, with its event."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.transaction import TransactionManagementError

from apps.core.errors import IllegalMove, LostRace
from apps.core.events import EVENT_VALUES, INSERT_EVENT, event_values
from apps.core.inserts import insert_statement, insert_values
from apps.core.models import Event


def move(
    row: Any,
    *,
    to: str,
    at: datetime,
    actor: Any = None,
    data: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Move `row` to state `to`, setting `changes` in the same UPDATE; one of them may be a new row, inserted with it.

    Raises `IllegalMove` when `row.MOVES` does not allow it, `LostRace` when the row is no longer in the state
    it was read in, and `TransactionManagementError` outside a transaction (the event must share it).
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError(
            "move() must run inside transaction.atomic, so that its event cannot be lost."
        )
    origin = row.state
    if to not in row.MOVES.get(origin, ()):
        raise refused(row, to)
    model: type[models.Model] = type(row)
    event = event_values(
        kind=f"{model._meta.model_name}.{to}",
        row=row,
        at=at,
        actor=actor,
        project_id=None,
        data={"origin": origin, **(data or {})},
    )
    changed = {"state": to, **changes}
    name, new = next(((name, value) for name, value in changes.items() if _is_new(value)), ("", None))
    kind: type[models.Model] | None = type(new) if new else None
    with connection.cursor() as cursor:
        values = [*(insert_values(new) if new else ()), *_columns(row, changed), row.pk, origin, *event]
        cursor.execute(_statement(model, tuple(changed), name, kind), values)
        if not cursor.rowcount:
            raise LostRace(row, to)
        if new:
            (new.pk,), new._state.adding = cursor.fetchone(), False
    for name, value in changed.items():
        setattr(row, name, value)


def _is_new(value: Any) -> bool:
    return isinstance(value, models.Model) and value._state.adding


def refused(row: Any, to: str) -> IllegalMove:
    """Why `row` cannot become `to`; where it moves no more, with who ended it and when.

    Names stay out while it may still move: whose answer opened a conflict is hidden from who settles it.
    """
    if row.MOVES.get(row.state):
        return IllegalMove(row, row.state, to)
    noun = row._meta.model_name
    events = Event.objects.select_related("actor").filter(object_type=noun, object_id=str(row.pk))
    last = events.filter(kind=f"{noun}.{row.state}").order_by("-pk").first()
    who = f"by {last.actor.display_name}, " if last and last.actor else ""
    by = f" ({who}{last.at:%-d %B %Y %H:%M} UTC)" if last else ""
    return IllegalMove(row, row.state, to, ended=True, by=by)


@cache
def _statement(
    model: type[models.Model], fields: tuple[str, ...], made: str, new: type[models.Model] | None
) -> str:
    """Compare-and-set and its event in one statement, and the `new` row that field `made` names: all or nothing."""
    columns = ", ".join(
        f'"{model._meta.get_field(name).column}" = {"(SELECT id FROM made)" if name == made else "%s"}'  # type: ignore[union-attr]
        for name in fields
    )
    changed = f'UPDATE "{model._meta.db_table}" SET {columns} WHERE id = %s AND state = %s RETURNING id'
    event = f"moved AS ({changed}) {INSERT_EVENT} SELECT {EVENT_VALUES} FROM moved"
    if new is None:
        return f"WITH {event}"
    return f"WITH made AS ({insert_statement(new)} RETURNING id), {event} RETURNING (SELECT id FROM made)"


def _columns(row: models.Model, changed: dict[str, Any]) -> list[Any]:
    values = (
        (name, value.pk if isinstance(value, models.Model) else value)
        for name, value in changed.items()
        if not _is_new(value)
    )
    return [row._meta.get_field(name).get_db_prep_save(value, connection) for name, value in values]  # type: ignore[union-attr]
