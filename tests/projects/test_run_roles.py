"""Cancelling and retrying ask for the role themselves, whoever calls."""

from __future__ import annotations

import pytest

from apps.core.errors import NotAllowed, NotFound
from apps.datasets.services import start_snapshot
from apps.projects.runs import cancel, retry
from tests.conftest import House

pytestmark = pytest.mark.django_db


def test_experts_and_strangers_neither_cancel_nor_retry(house: House) -> None:
    run = start_snapshot(project=house.project, by=house.lena, at=house.clock)
    for verb in (cancel, retry):
        with pytest.raises(NotAllowed):
            verb(run=run, by=house.erin, at=house.clock)
        with pytest.raises(NotFound):
            verb(run=run, by=house.sam, at=house.clock)
    run.refresh_from_db()
    assert run.state == "queued"


def test_leads_and_admins_do_both(house: House) -> None:
    run = start_snapshot(project=house.project, by=house.lena, at=house.clock)
    cancel(run=run, by=house.ada, at=house.clock)
    retry(run=run, by=house.luis, at=house.clock)
    run.refresh_from_db()
    assert run.state == "queued"
