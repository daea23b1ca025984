"""What is believed of examples, in the labels of the protocol in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F

from apps.annotation.models import Consensus
from apps.annotation.queries.tasks import believed
from apps.examples.models import Example
from apps.projects.models import Project
from apps.projects.queries import reading_of


@dataclass(frozen=True)
class Belief:
    """An example's newest consensus as the protocol in force reads it; `lost` is the version that left it behind."""

    consensus: Consensus
    label: str | None
    lost: int | None
    posterior: dict[str, float]

    @property
    def words(self) -> str:
        """Its label, else why it has none."""
        if self.lost is not None:
            return f"{self.consensus.label} (left behind)"
        return self.label or self.consensus.condition


def beliefs_on(*, project: Project, examples: Iterable[Example]) -> dict[int, Belief]:
    """By example id. Through the chain of mappings from the version each was asked under to the one in force."""
    rows = believed(project=project).filter(example__in=examples)
    reading = reading_of(project=project)
    found = {}
    for one in rows.annotate(version=F("task__queue__protocol__version")):
        read = reading.label(one.label, one.version)
        shares = reading.posterior(one.posterior, one.version)
        found[one.example_id] = Belief(one, read.label, read.lost, shares)
    return found


def belief_counts(*, project: Project) -> Counter[str]:
    """How many examples are believed to have each label, as the protocol in force reads them."""
    newest = Consensus.objects.filter(pk__in=believed(project=project).values("pk"), label__isnull=False)
    rows = newest.values_list("label", "task__queue__protocol__version").annotate(n=Count("pk")).order_by()
    reading, found = reading_of(project=project), Counter[str]()
    for label, version, n in rows:
        if (read := reading.label(label, version).label) is not None:
            found[read] += n
    return found
