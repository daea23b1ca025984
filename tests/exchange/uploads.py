"""A file that was sent and not imported."""

from __future__ import annotations

from apps.exchange.models import Upload
from tests.conftest import House


def uploaded(house: House) -> Upload:
    project, at = house.project, house.clock
    return Upload.objects.create(project=project, name="a.csv", format="csv", size=1, created_at=at)
