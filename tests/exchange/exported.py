"""Exports made in tests, and what stands in them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from apps.exchange.models import ExportRun
from apps.exchange.queries.exports import part_of
from apps.exchange.services.exports import start_export
from tests.conftest import House


def content(run: ExportRun) -> bytes:
    return b"".join(part_of(run).chunks())


def table(run: ExportRun) -> pa.Table:
    return pq.read_table(io.BytesIO(content(run)))


def objects(run: ExportRun) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(run).decode().split("\n") if line]


@dataclass
class Exporter:
    """Exports of the house's project, by lena."""

    house: House

    def start(self, what: str = "examples", format: str = "parquet", **values: Any) -> ExportRun:
        given = {"project": self.house.project, "by": self.house.lena, "at": self.house.clock, **values}
        return start_export(what=what, format=format, **given)

    def __call__(self, what: str = "examples", format: str = "parquet", **values: Any) -> ExportRun:
        run: ExportRun = self.house.work(self.start(what, format, **values))
        return run
