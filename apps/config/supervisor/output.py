"""Lines of many processes in one stream, each with the name of its part."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

COLOURS = {"database": 34, "broker": 35, "web": 32, "worker": 36, "trainer": 33, "beat": 37}
WIDTH = 9


class Output:
    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self.stream = stream
        self.coloured = stream.isatty() and "NO_COLOR" not in environ
        self.closed = False

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:<{WIDTH}}|"
        if self.coloured:
            prefix = f"\x1b[{COLOURS.get(name, 1)}m{prefix}\x1b[0m"
        self._write(f"{prefix} {text}\n")

    def say(self, text: str) -> None:
        """A word of the supervisor itself."""
        for part in text.splitlines():
            self.line("whetstone", part)

    def _write(self, text: str) -> None:
        if self.closed:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:  # the terminal is gone, or the reader of a pipe
            self.closed = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
