"""Imports and their problems."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from apps.exchange.models import ImportRun
from apps.projects.models import Project


def imports_of(*, project: Project) -> QuerySet[ImportRun]:
    return ImportRun.objects.select_related("created_by", "project").filter(project=project)


def causes(*, run: ImportRun) -> dict[str, int]:
    """How many problems of each code were kept."""
    return dict(run.problems.values_list("code").annotate(n=Count("pk")).order_by("-n"))
