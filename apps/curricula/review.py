"""What a reader of a proposal needs: what changes, what it costs, and whether it is safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.accounts.models import User
from apps.curricula.domain import REASONS, drawn
from apps.curricula.models import CurriculumVersion, Proposal, ProposalState
from apps.curricula.safety import Check, content_checks, rows_said
from apps.examples.queries import Content, contents
from apps.registry.models import ModelVersion
from apps.registry.queries import production

SAMPLES = 24
RELABELLED = 60


@dataclass(frozen=True)
class Shown:
    """One row of the difference with what can be shown of its payload."""

    values: dict[str, Any]
    content: Content

    @property
    def reason(self) -> str:
        return str(self.values["reason"]).replace("_", " ")


@dataclass(frozen=True)
class Share:
    """How many rows one name has before and after."""

    name: str
    before: int
    after: int
    why: str = ""

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Review:
    """Everything the review page shows of one proposal."""

    proposal: Proposal
    before: CurriculumVersion | None
    stages: list[Share]
    reasons: list[Share]
    labels: list[Share]
    licences: list[Share]
    relabelled: list[Shown]
    samples: list[Shown]
    removed: list[Shown]
    checks: list[Check]
    seconds: float | None

    @property
    def unsafe(self) -> bool:
        return any(check.verdict == "fail" for check in self.checks)


def review_of(*, proposal: Proposal, reader: User, rng: np.random.Generator) -> Review:
    """The proposal's difference with the version in force when it was put forward; samples drawn by `rng`."""
    diff, project = proposal.diff, proposal.project
    before = project.curricula.filter(number=diff["against"]).first() if diff["against"] else None
    relabelled, removed = diff["relabelled"]["rows"][:RELABELLED], diff["removed"]["rows"][:SAMPLES]
    samples = _sample(diff["added"]["rows"], rng)
    shown = contents(project=project, digests=[row["payload"] for row in (*relabelled, *removed, *samples)])

    def show(rows: list[dict[str, Any]]) -> list[Shown]:
        return [Shown(row, shown.get(row["payload"], Content())) for row in rows]

    return Review(
        proposal=proposal,
        before=before,
        stages=_stages(diff["stages"], before, proposal.curriculum),
        reasons=_shares(diff["reasons"], REASONS),
        labels=_shares(diff["labels"]),
        licences=_shares(diff["licences"]),
        relabelled=show(relabelled),
        samples=show(samples),
        removed=show(removed),
        checks=safety(proposal=proposal, reader=reader),
        seconds=cost_of(proposal.curriculum),
    )


def _sample(rows: list[dict[str, Any]], rng: np.random.Generator) -> list[dict[str, Any]]:
    if len(rows) <= SAMPLES:
        return rows
    return [rows[i] for i in sorted(rng.choice(len(rows), size=SAMPLES, replace=False).tolist())]


def _shares(sides: list[dict[str, int]], whys: dict[str, str] | None = None) -> list[Share]:
    before, after = sides
    return [
        Share(name.replace("_", " "), before.get(name, 0), after.get(name, 0), (whys or {}).get(name, ""))
        for name in sorted({*before, *after})
    ]


def _stages(
    sides: list[dict[str, int]], before: CurriculumVersion | None, after: CurriculumVersion
) -> list[Share]:
    """By name: the same number may mean another stage in another version."""
    old = {before.stages[int(code)]["name"]: n for code, n in sides[0].items()} if before else {}
    new = {after.stages[int(code)]["name"]: n for code, n in sides[1].items()}
    whys = {stage["name"]: stage["why"] for stage in after.stages}
    return [Share(name, old.get(name, 0), new.get(name, 0), whys.get(name, "")) for name in {**new, **old}]


def cost_of(curriculum: CurriculumVersion) -> float | None:
    """Expected seconds of training, from what the model in production took for its curriculum."""
    model = production(project=curriculum.project)
    spent = _spent(model) if model else None
    if model is None or spent is None:
        return None
    known = CurriculumVersion.objects.filter(
        project=curriculum.project, digest=model.curriculum_digest
    ).first()
    steps = _steps(known) if known else 0
    return spent * _steps(curriculum) / steps if steps else None


def _spent(model: ModelVersion) -> float | None:
    seconds = ((model.metrics or {}).get("resources") or {}).get("wall_seconds")
    return float(seconds) if seconds else None


def _steps(curriculum: CurriculumVersion) -> float:
    return float(sum(stage["epochs"] * drawn(stage) for stage in curriculum.stages))


def safety(*, proposal: Proposal, reader: User) -> list[Check]:
    """The checks of the content, and what else its reader should know before deciding."""
    curriculum = proposal.curriculum
    return [
        *content_checks(curriculum),
        _held_out_check(curriculum),
        _groups_check(curriculum),
        _author_check(proposal, reader),
    ]


def _held_out_check(curriculum: CurriculumVersion) -> Check:
    held = sum(curriculum.summary["held_out"].values())
    if held:
        return Check(
            "warn",
            f"{rows_said(held)} held out as suspect",
            "Nobody has looked at them, so they are not taught.",
        )
    return Check("pass", "No suspect row left unreviewed")


def _groups_check(curriculum: CurriculumVersion) -> Check:
    out = [group["group"] for group in curriculum.summary["groups"] if not group["within_bounds"]]
    if out:
        return Check(
            "warn", f"The share of {', '.join(out)} could not be kept within bounds", "See the groups."
        )
    return Check("pass", "Every group keeps its share within bounds")


def _author_check(proposal: Proposal, reader: User) -> Check:
    author = proposal.author
    if proposal.state == ProposalState.OPEN and author.pk == reader.pk:
        return Check("warn", "You are its author", "Another lead has to approve it.")
    return Check("pass", "Its author does not approve it", f"put forward by {author.display_name}")
