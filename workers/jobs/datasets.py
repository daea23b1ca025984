"""Dataset versions: what is believed now, cut in key order."""

from __future__ import annotations

from django.utils import timezone

from apps.core.jobs import SNAPSHOT
from apps.core.runs import beat
from apps.core.store import write_table
from apps.datasets.domain import LINEAGE, ROWS
from apps.datasets.models import SnapshotRun
from apps.datasets.queries import Cut
from apps.datasets.services import record_snapshot
from workers.jobs.claiming import JobFailed, claims


@claims(SNAPSHOT, SnapshotRun)
def snapshot(run: SnapshotRun) -> None:
    protocol = run.project.protocol
    classes = protocol.classes if protocol else []
    cut = Cut(run.project, classes)
    manifest = {"classes": classes, "protocol": protocol.digest if protocol else ""}
    stored = write_table("datasets", cut.batches(), schema=ROWS, manifest=manifest)
    if stored.rows == 0:
        raise JobFailed(
            "No example has a label that could be taught. Import labelled examples, or review some."
        )
    beat(run, at=timezone.now(), done=1, total=2)
    lineage = write_table(
        "lineage", cut.lineage_batches(), schema=LINEAGE, manifest={"dataset": stored.digest}
    )
    record_snapshot(run=run, stored=stored, lineage=lineage, summary=cut.summary(), at=timezone.now())
