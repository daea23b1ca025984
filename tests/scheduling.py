"""Which tests stay on one worker: those that share a running stack, else the tests of one file.

pytest-xdist's own `--dist loadgroup` reads its marks off the names of tests, which pytest 9 no longer lets it change:
each worker then starts every stack. Names of files do the same without marks.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# the longest first: what is short fills the workers up at the end
SHARED = {
    "tests/journeys/test_blind_first.py": "the stack whose parts are broken",
    "tests/journeys/test_desk_keeps_everything.py": "the stack whose parts are broken",
    "tests/journeys/test_desk_talks.py": "the stack of those who talk",
    "tests/journeys/": "the newcomer's stack",
    "tests/live/": "the stack without a demo",
}


def shared_by(nodeid: str) -> str | None:
    """What the test shares with others, None if nothing that runs."""
    return next((shared for start, shared in SHARED.items() if nodeid.startswith(start)), None)


class StacksTogether(LoadScopeScheduling):
    """A stack is started once, by the worker that has all its tests."""

    def _split_scope(self, nodeid: str) -> str:
        return shared_by(nodeid) or nodeid.partition("::")[0]
