"""Curricula, proposals, and the arrays a curriculum is planned from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from django.db.models import QuerySet

from apps.core.errors import DomainError, NotFound
from apps.core.store import read_batches, read_manifest, read_table
from apps.curricula.models import CurriculumRun, CurriculumVersion, Proposal, ProposalState
from apps.datasets.models import DatasetVersion
from apps.examples.models import Payload
from apps.mining.models import LatestScore
from apps.projects.models import Project
from apps.registry.models import PRODUCTION, Alias
from apps.registry.queries import classes_today, predictions_of, production


def proposals_of(*, project: Project) -> QuerySet[Proposal]:
    return Proposal.objects.select_related("curriculum__dataset", "author", "decided_by", "project").filter(
        project=project
    )


def proposal_in(*, project: Project, proposal_id: int) -> Proposal:
    """The project's proposal; raises `NotFound`."""
    found = proposals_of(project=project).filter(pk=proposal_id).first()
    if found is None:
        raise NotFound("There is no such proposal in this project.")
    return found


def curriculum_runs_of(*, project: Project) -> QuerySet[CurriculumRun]:
    return CurriculumRun.objects.select_related("dataset", "created_by").filter(project=project)


def curriculum_run_in(*, project: Project, run_id: int) -> CurriculumRun:
    """The project's run that makes a proposal; raises `NotFound`."""
    found = curriculum_runs_of(project=project).filter(pk=run_id).first()
    if found is None:
        raise NotFound("There is no such proposal run in this project.")
    return found


def curricula_of(*, project: Project, approved: bool = False) -> QuerySet[CurriculumVersion]:
    """Newest first; only those that were approved, where these are meant."""
    rows = CurriculumVersion.objects.select_related("dataset", "project").filter(project=project)
    return rows.filter(pk__in=_approved(project)) if approved else rows


def curriculum_in(*, project: Project, digest: str) -> CurriculumVersion:
    """The project's curriculum version; raises `NotFound`."""
    found = curricula_of(project=project).filter(digest=digest).first()
    if found is None:
        raise NotFound("There is no curriculum with this digest in this project.")
    return found


class NotApproved(DomainError):
    code = "not_approved"

    def __init__(self) -> None:
        super().__init__("Only an approved proposal is trained. Ask another lead to review it.")


def is_approved(curriculum: CurriculumVersion) -> bool:
    return _approved(curriculum.project).filter(curriculum=curriculum).exists()


def _approved(project: Project) -> QuerySet[Proposal, int]:
    approved = Proposal.objects.filter(project=project, state=ProposalState.APPROVED)
    return approved.values_list("curriculum", flat=True)


def classes_of(curriculum: CurriculumVersion) -> list[str]:
    """The classes when its dataset was cut; soft labels are in their order, whatever the protocol says now."""
    classes: list[str] = read_manifest("datasets", curriculum.dataset.digest)["classes"]
    return classes


def in_force(*, project: Project) -> CurriculumVersion | None:
    """The curriculum that made the model in production; None before the first promotion."""
    alias = Alias.objects.filter(project=project, name=PRODUCTION).first()
    if alias is None:
        return None
    return CurriculumVersion.objects.filter(project=project, digest=alias.curriculum_digest).first()


def rows_of(curriculum: CurriculumVersion) -> list[dict[str, Any]]:
    """All rows in memory, without soft labels: for diffs and pages."""
    table = read_table("curricula", curriculum.digest)
    rows: list[dict[str, Any]] = table.drop_columns(["soft", "attributes"]).to_pylist()
    return rows


def rows_with_payloads(curriculum: CurriculumVersion, *, size: int = 1_000) -> Iterator[pa.RecordBatch]:
    """The rows with `payload` as its JSON text, as the learner takes them."""
    for batch in read_batches("curricula", curriculum.digest, size=size):
        yield _with_payloads(batch)


class ContentPurged(DomainError):
    code = "content_purged"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The content of {key!r} was purged since, so this curriculum cannot be taught any more. "
            "Cut a new dataset version and propose that."
        )


def _with_payloads(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with payload digests replaced by the payloads' JSON text; raises `ContentPurged`."""
    digests = batch.column("payload").to_pylist()
    bodies = dict(Payload.objects.filter(pk__in=set(digests), body__isnull=False).values_list("pk", "body"))
    for key, digest in zip(batch.column("key").to_pylist(), digests, strict=True):
        if digest not in bodies:
            raise ContentPurged(key)
    texts = pa.array([json.dumps(bodies[digest]) for digest in digests], pa.string())
    place = batch.schema.get_field_index("payload")
    return batch.set_column(place, "payload", texts)


@dataclass(frozen=True)
class Known:
    """Per dataset row (n,): what the model in production gives its label (NaN unknown), and whether that is suspect."""

    p_label: np.ndarray[Any, np.dtype[np.float64]]
    suspect: np.ndarray[Any, np.dtype[np.bool_]]


def known_of(*, dataset: DatasetVersion, keys: list[str], labels: list[str]) -> Known:
    """Out-of-sample probability of each row's label by the model in production, and unreviewed suspicion."""
    model = production(project=dataset.project)
    predictions = predictions_of(model=model) if model else None
    p_label = np.full(len(keys), np.nan)
    if predictions is not None:
        place = {key: i for i, key in enumerate(keys)}
        names, as_today = classes_today(project=dataset.project, classes=predictions.classes)
        code = {label: i for i, label in enumerate(names)}
        for batch in read_batches("predictions", predictions.digest, columns=["key", "probs"]):
            for key, probs in zip(batch["key"].to_pylist(), batch["probs"].to_pylist(), strict=True):
                # a class that came with a newer protocol is one this model was never tried on
                if key in place and labels[place[key]] in code:
                    p_label[place[key]] = (probs @ as_today)[code[labels[place[key]]]]
    suspects = set(
        LatestScore.objects.filter(project=dataset.project, suspect=True).values_list(
            "example__key", flat=True
        )
    )
    return Known(p_label, np.array([key in suspects for key in keys], dtype=bool))
