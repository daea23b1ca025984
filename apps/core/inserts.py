"""How a row is inserted, its SQL made once per model: for rows that come into being within another statement."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, models


@cache
def insert_statement(model: type[models.Model]) -> str:
    """`INSERT INTO … VALUES …` of every column but the id, which the database gives."""
    columns = ", ".join(f'"{field.column}"' for field in _columns(model))
    places = ", ".join("%s" for _ in _columns(model))
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places})'


def insert_values(row: models.Model) -> list[Any]:
    """The row's values in the order of `insert_statement`."""
    return [
        field.get_db_prep_save(getattr(row, field.attname), connection=connection)
        for field in _columns(type(row))
    ]


@cache
def _columns(model: type[models.Model]) -> tuple[Any, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)
