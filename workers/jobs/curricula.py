"""Proposals: a dataset version staged and weighed, and compared with the curriculum in force."""

from __future__ import annotations

import pyarrow as pa
from django.utils import timezone

from apps.core.jobs import PROPOSE
from apps.core.runs import beat
from apps.core.store import write_table
from apps.curricula.domain import ROWS, Plan, compare, plan_curriculum
from apps.curricula.models import CurriculumRun
from apps.curricula.queries import in_force, known_of, rows_of
from apps.curricula.services import record_proposal
from apps.datasets.queries import benchmark_payloads
from apps.datasets.queries import rows_of as dataset_rows
from workers.jobs.claiming import JobFailed, claims

NOTHING = (
    "Nothing in this dataset can be taught: every row is suspect and unreviewed, or stands in a benchmark. "
    "Review some of them first."
)


@claims(PROPOSE, CurriculumRun)
def propose(run: CurriculumRun) -> None:
    plan = _plan(run)
    if not plan.rows:
        raise JobFailed(NOTHING)
    beat(run, at=timezone.now(), done=1, total=2)
    batches = pa.Table.from_pylist(plan.rows, schema=ROWS).to_batches(max_chunksize=8_192)
    stored = write_table("curricula", batches, schema=ROWS, manifest=_manifest(run, plan))
    current = in_force(project=run.project)
    diff = compare(rows_of(current) if current else [], plan.rows)
    diff["against"] = current.number if current else None
    record_proposal(
        run=run, stored=stored, stages=plan.stages, summary=plan.summary, diff=diff, at=timezone.now()
    )


def _plan(run: CurriculumRun) -> Plan:
    everything = [row for batch in dataset_rows(run.dataset) for row in batch.to_pylist()]
    frozen = benchmark_payloads(project=run.project)  # it may have grown since the dataset was cut
    rows = [row for row in everything if row["payload"] not in frozen]
    if not rows:
        raise JobFailed(NOTHING)
    known = known_of(
        dataset=run.dataset, keys=[row["key"] for row in rows], labels=[row["label"] for row in rows]
    )
    group = str(run.project.limits.get("protected", ""))
    plan = plan_curriculum(rows, p_label=known.p_label, suspect=known.suspect, group=group)
    if len(rows) < len(everything):
        plan.summary["held_out"]["benchmark"] = len(everything) - len(rows)
    return plan


def _manifest(run: CurriculumRun, plan: Plan) -> dict[str, object]:
    return {"dataset": run.dataset.digest, "stages": plan.stages}
