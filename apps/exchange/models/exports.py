"""ExportRun: what is taken out, how, and the file it came to."""

from __future__ import annotations

from django.db import models

from apps.core.jobs import EXPORT
from apps.core.models import Run
from apps.curricula.models import CurriculumVersion
from apps.datasets.models import DatasetVersion
from apps.exchange.domain.formats import CHOICES, WHAT
from apps.projects.models import Project, Protocol


class ExportRun(Run):
    """Writes rows with their payloads into a file of the store, which is kept for some days.

    `digest` is the version's, or that of the content where there is no version: known once it is written. `shards`
    are the parts written so far, from which a run that was cut off goes on.
    """

    JOB = EXPORT

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="exports")
    what = models.CharField(max_length=12, choices=list(WHAT.items()))
    format = models.CharField(max_length=16, choices=CHOICES)
    dataset = models.ForeignKey(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="+")
    curriculum = models.ForeignKey(CurriculumVersion, null=True, on_delete=models.PROTECT, related_name="+")
    protocol = models.ForeignKey(Protocol, null=True, on_delete=models.PROTECT, related_name="+")
    benchmark = models.BooleanField(default=False)  # rows of the benchmark split, too
    names = models.BooleanField(default=False)  # people by their usernames, not by pseudonyms
    digest = models.CharField(max_length=64, blank=True)
    shards = models.JSONField(default=list)
    rows = models.PositiveBigIntegerField(default=0)
    file = models.CharField(max_length=120, blank=True)  # where it lies in the store
    name = models.CharField(max_length=200, blank=True)  # what it is called when it is downloaded
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(default=dict)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(dataset__isnull=False, what="dataset")
                | models.Q(curriculum__isnull=False, what="curriculum")
                | models.Q(dataset=None, curriculum=None, what__in=["examples", "annotations"]),
                name="an_export_names_its_version",
            ),
        ]

    @property
    def version(self) -> DatasetVersion | CurriculumVersion | None:
        return self.dataset or self.curriculum

    @property
    def title(self) -> str:
        """What is taken out, in words."""
        return str(self.version).capitalize() if self.version else WHAT[self.what]

    @property
    def downloadable(self) -> bool:
        return self.state == self.State.DONE and self.removed_at is None
