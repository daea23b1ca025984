"""One stack for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()) and item.path.parent.name == "live":
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A database that keeps what it acknowledged: not a throw-away one, which need not."""
    folder = tmp_path_factory.mktemp("live")
    with running_stack(folder / "var", folder / "log", JOB_STALE_SECONDS="3") as stack:
        yield stack
