"""The one error that people who start Whetstone see."""

from __future__ import annotations


class SetupError(Exception):
    """Says in a plain sentence what is wrong, where, and the mend; shown without a traceback, exit code 2."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}\n  Mend: {mend}")
        self.what = what
        self.mend = mend
