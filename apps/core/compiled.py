"""Querysets whose SQL is made once per process: what the hot path reads, without building the same SQL each time.

Django builds a query's SQL anew on every call, which costs more than the database needs to answer it. Uses the
same steps as `django.db.models.query.ModelIterable` of the pinned Django 5.2; docs/decisions/0012 has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators  # type: ignore[attr-defined]

M = TypeVar("M", bound=models.Model)


class Given(Expression):
    """A value that comes when the query runs: `filter(pk=Given("pk"))`. It reaches the driver as it is."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=None)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class CompiledQuery(Generic[M]):
    """A queryset of whole rows, `select_related` included, with `Given` values; made on first use, then only run."""

    def __init__(self, queryset: Callable[[], models.QuerySet[M]]) -> None:
        self._queryset = queryset

    @cached_property
    def _plan(self) -> tuple[str, tuple[Any, ...], Any, dict[int, Any]]:
        compiler: Any = self._queryset().query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([column[0] for column in compiler.select])
        return sql, params, compiler, converters

    @cached_property
    def _shape(self) -> tuple[type[M], list[str], slice, list[Any]]:
        compiler = self._plan[2]
        info, select = compiler.klass_info, compiler.select
        own = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        names = [column[0].target.attname for column in select[own]]
        return info["model"], names, own, get_related_populators(info, select, connection.alias)

    def rows(self, **given: Any) -> list[M]:
        """Every row, in the queryset's order; `given` has a value for each `Given`, else `KeyError`."""
        sql, params, _, _ = self._plan
        values = [given[value.name] if isinstance(value, Given) else value for value in params]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            found = cursor.fetchall()
        return list(self._instances(found))

    def first(self, **given: Any) -> M | None:
        """The first row, or None; the queryset says how many it fetches."""
        return next(iter(self.rows(**given)), None)

    def _instances(self, found: list[Any]) -> Iterator[M]:
        converters = self._plan[3]
        model, names, own, related = self._shape
        for record in found:
            row = list(record)
            for place, (convert, expression) in converters.items():
                for one in convert:
                    row[place] = one(row[place], expression, connection)
            instance = model.from_db(connection.alias, names, row[own])
            for populator in related:
                populator.populate(row, instance)
            yield instance
