"""Operations on many assignments at once: a batch leased, and its answers sent together."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.annotation.api import following_or_why
from apps.annotation.queries.desk import active_queue
from apps.annotation.serializers import BatchAnswers, BatchOut, BatchResults, BatchSize
from apps.annotation.services import batches
from apps.annotation.services.answers import Answer
from apps.core.api import operation
from apps.projects.api import ProjectView


class Batch(ProjectView):
    """Lease many tasks, or get back those you hold; called again it lets their leases run on."""

    may = {"POST": "annotate"}

    @operation(takes=BatchSize, gives=BatchOut, name="assignments_batch")
    def post(self, values: dict[str, Any]) -> Any:
        queue, at = active_queue(project=self.project), timezone.now()
        batch = batches.lease_batch(queue=queue, person=self.person, at=at, **values) if queue else []
        empty = None if batch else following_or_why(self, None, queue)["empty"]
        return {"assignments": batch, "empty": empty}


class BatchOfAnnotations(ProjectView):
    """Submit many answers, each by itself: what is wrong with one stands in its row and stops no other."""

    may = {"POST": "annotate"}

    @operation(takes=BatchAnswers, gives=BatchResults, name="annotations_batch")
    def post(self, values: dict[str, Any]) -> Any:
        rows = [_answer(**row) for row in values["answers"]]
        outcomes = batches.submit_batch(
            project=self.project, person=self.person, answers=rows, at=timezone.now()
        )
        return {"results": outcomes}


def _answer(*, assignment: int, idempotency_key: str, **answer: Any) -> tuple[int, Answer]:
    return assignment, Answer(request_key=idempotency_key, **answer)
