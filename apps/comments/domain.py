"""Rules of comments that need no database: how long one may be, and whom it mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_TEXT = 2_000
MAX_ON_EXAMPLE = 300
"""More than people read: a program that goes wrong must not make a page that nobody can open."""
MENTION = re.compile(r"(?<![\w@.])@([\w.@+-]+)")


def mentions_in(text: str, names: Iterable[str]) -> set[str]:
    """The names that the text mentions as `@name`. What is nobody's name is plain text; so is a full stop after one."""
    known = {name.lower(): name for name in names}
    found = set()
    for given in MENTION.findall(text):
        name = given.lower()
        while name and name not in known and not name[-1].isalnum():
            name = name[:-1]
        if name in known:
            found.add(known[name])
    return found
