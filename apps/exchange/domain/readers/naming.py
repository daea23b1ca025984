"""The names of a file's columns, looked at before its first row."""

from __future__ import annotations

from collections.abc import Callable

from apps.exchange.domain.rows import UnreadableFile

Check = Callable[[list[str]], None]
"""May refuse the columns by raising `UnreadableFile`."""


def any_columns(names: list[str]) -> None:
    """Every file will do."""


def once(names: list[str]) -> list[str]:
    """The columns; raises `UnreadableFile` where one name stands for two."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnreadableFile(f"The header names {twice[0][:60]!r} twice. Give each column its own name.")
    return names
