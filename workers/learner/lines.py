"""Stdout: one JSON object a line, flushed, and nothing else."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO


class Lines:
    """The run's voice; without a stream it says nothing."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def say(self, event: str, **fields: Any) -> None:
        """One event as one line of JSON; ValueError on a number that JSON cannot hold."""
        if self._stream is not None:
            line = json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False)
            print(line, file=self._stream, flush=True)


def claim_stdout(*, speaks: bool) -> Lines:
    """Keeps stdout for the lines and turns whatever a library prints towards stderr."""
    own = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Lines(os.fdopen(own, "w", encoding="utf-8") if speaks else None)
