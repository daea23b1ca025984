"""`{% module "js/desk.js" %}`: a script with all that it imports, fetched at once.

A browser learns what a module imports only when it has the module: each step of the way costs it a round trip, in
which keys go nowhere. So the page names them all; the list is read from the files themselves.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
IMPORT = re.compile(r"""^(?:import|export)\b[^;"'(]*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)


@register.simple_tag
def module(name: str) -> SafeString:
    """The script of this name, and a link for each module it cannot run without."""
    links = format_html_join(
        "", '<link rel="modulepreload" href="{}" />', ((static(n),) for n in _known(name))
    )
    return format_html('{}<script src="{}" type="module"></script>', links, static(name))


def imported(name: str) -> tuple[str, ...]:
    """All that a module imports when it loads, itself left out, each once; raises `LookupError` for no such file."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        path = finders.find(one)
        if not isinstance(path, str):
            raise LookupError(f"There is no script {one!r}, which {name!r} needs.")
        steps = IMPORT.findall(Path(path).read_text("utf-8"))
        targets = [posixpath.normpath(posixpath.join(posixpath.dirname(one), step)) for step in steps]
        new = [target for target in targets if target not in found and target != name]
        found.update(dict.fromkeys(new))
        waiting.extend(new)
    return tuple(found)


_kept = cache(imported)


def _known(name: str) -> tuple[str, ...]:
    return imported(name) if settings.DEBUG else _kept(name)
