"""An approved curriculum's rows for a trainer elsewhere, streamed: memory does not grow with rows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from apps.curricula.models import CurriculumVersion
from apps.curricula.queries import NotApproved, is_approved, rows_with_payloads
from apps.curricula.safety import refuse_unsafe


def taught_lines(curriculum: CurriculumVersion) -> Iterator[bytes]:
    """The rows as NDJSON; raises, before the first, what forbids that it is taught."""
    if not is_approved(curriculum):
        raise NotApproved
    refuse_unsafe(curriculum)
    return _lines(curriculum)


def _lines(curriculum: CurriculumVersion) -> Iterator[bytes]:
    for batch in rows_with_payloads(curriculum):
        rows = batch.to_pylist()
        for row in rows:
            row["payload"], row["attributes"] = json.loads(row["payload"]), json.loads(row["attributes"])
        yield "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
