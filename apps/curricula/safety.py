"""Whether a curriculum may be taught now: looked up in the store and the database, not taken from the proposal."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from apps.annotation.queries.beliefs import Belief, beliefs_on
from apps.core.errors import DomainError
from apps.core.store import StoreDamaged, read_batches, verify
from apps.curricula.models import CurriculumVersion
from apps.examples.models import Example, Payload, Split
from apps.examples.queries import given_read
from apps.projects.models import Project

BATCH = 2_000
COLUMNS = ["key", "payload", "label", "licence"]


class UnsafeCurriculum(DomainError):
    """What was approved, or would be, is no longer what it says it is."""

    code = "unsafe_curriculum"

    def __init__(self, failed: list[Check]) -> None:
        found = "; ".join(check.title for check in failed)
        super().__init__(
            f"This curriculum may not be taught: {found}. Cut a new dataset version and propose that.",
            failed=[check.title for check in failed],
        )


@dataclass(frozen=True)
class Check:
    """One line of the safety checklist: `verdict` is pass, warn or fail."""

    verdict: str
    title: str
    why: str = ""

    @property
    def icon(self) -> str:
        return {"pass": "circle-check", "warn": "triangle-alert", "fail": "circle-x"}[self.verdict]


@dataclass(frozen=True)
class Facts:
    """How many of the curriculum's rows there are, and how many hold what must not be there, or no longer hold."""

    rows: int = 0
    frozen: int = 0
    purged: int = 0
    relabelled: int = 0
    relicensed: int = 0
    unlicensed: int = 0

    def __add__(self, other: Facts) -> Facts:
        return Facts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Facts)))


def facts_of(curriculum: CurriculumVersion) -> Facts:
    """Every row held against what is known of its example and its content now."""
    facts = Facts()
    for batch in read_batches("curricula", curriculum.digest, columns=COLUMNS, size=BATCH):
        facts += _facts(curriculum.project, batch.to_pylist())
    return facts


def _facts(project: Project, rows: list[dict[str, Any]]) -> Facts:
    digests = {row["payload"] for row in rows}
    benchmark = Example.objects.filter(project=project, split=Split.BENCHMARK, payload_id__in=digests)
    frozen = set(benchmark.values_list("payload_id", flat=True))
    purged = set(Payload.objects.filter(pk__in=digests, body__isnull=True).values_list("pk", flat=True))
    examples = Example.objects.filter(project=project, key__in=[row["key"] for row in rows])
    beliefs = beliefs_on(project=project, examples=examples)
    now = {one.key: (one.licence, _label_now(project, one, beliefs.get(one.pk))) for one in examples}
    return Facts(
        rows=len(rows),
        frozen=sum(row["payload"] in frozen for row in rows),
        purged=sum(row["payload"] in purged for row in rows),
        relicensed=sum(row["licence"] != now.get(row["key"], (None, None))[0] for row in rows),
        relabelled=sum(row["label"] != now.get(row["key"], (None, None))[1] for row in rows),
        unlicensed=sum(not row["licence"] for row in rows),
    )


def _label_now(project: Project, example: Example, belief: Belief | None) -> str | None:
    """What the protocol in force would have the example taught as; None where its label was left behind."""
    return belief.label if belief else given_read(project=project, example=example).label


def content_checks(curriculum: CurriculumVersion) -> list[Check]:
    """The checks of the content itself. One that fails forbids approval and teaching."""
    facts = facts_of(curriculum)
    return [
        _stored_check(curriculum),
        _benchmark_check(facts),
        _purge_check(facts),
        _label_check(facts),
        _licence_check(facts),
    ]


def refuse_unsafe(curriculum: CurriculumVersion) -> None:
    """Raises `UnsafeCurriculum` when a check of the content fails: asked at approval and when training starts."""
    failed = [check for check in content_checks(curriculum) if check.verdict == "fail"]
    if failed:
        raise UnsafeCurriculum(failed)


def rows_said(n: int) -> str:
    return "1 row" if n == 1 else f"{n:,} rows"


def _stored_check(curriculum: CurriculumVersion) -> Check:
    try:
        verify("curricula", curriculum.digest)
    except StoreDamaged as error:
        return Check("fail", "The stored rows are not the ones proposed", error.message)
    except OSError:
        return Check("fail", "The stored rows cannot be read", "Look at the store under jobs and health.")
    return Check(
        "pass", "The stored rows are the ones proposed", f"content {curriculum.digest[:16]}…, recomputed"
    )


def _benchmark_check(facts: Facts) -> Check:
    if facts.frozen:
        return Check("fail", f"{rows_said(facts.frozen)} with the content of benchmark examples")
    return Check("pass", "No benchmark content among the rows", f"{facts.rows:,} rows looked up by content")


def _purge_check(facts: Facts) -> Check:
    if facts.purged:
        return Check("fail", f"{rows_said(facts.purged)} purged since", "Send it back and cut a new dataset.")
    return Check("pass", "No row was purged since")


def _label_check(facts: Facts) -> Check:
    if facts.relabelled:
        why = "What is believed of them changed after the dataset was cut. Send it back and cut a new one."
        return Check("fail", f"{rows_said(facts.relabelled)} with another label since", why)
    return Check("pass", "Every label is the one believed now")


def _licence_check(facts: Facts) -> Check:
    if facts.relicensed:
        why = "Send it back and cut a new dataset."
        return Check("fail", f"{rows_said(facts.relicensed)} under another licence since", why)
    if facts.unlicensed:
        return Check(
            "warn", f"{rows_said(facts.unlicensed)} without a licence", "Make sure they may be taught."
        )
    return Check("pass", "Every row names its licence")
