"""An example's key in an address."""

from __future__ import annotations

from urllib.parse import quote, unquote

from django.urls import register_converter


class KeyConverter:
    """A key as one part of a path, whatever stands in it: quoted once here and once more by `reverse`.

    Slashes, dots and percent signs thus survive proxies that tidy paths.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return unquote(value)

    def to_url(self, value: str) -> str:
        # "." and ".." are never quoted, yet mean a folder to whoever tidies the path
        return quote(value, safe="") if value.strip(".") else value.replace(".", "%2E")


register_converter(KeyConverter, "key")
