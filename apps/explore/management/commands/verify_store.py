"""`manage.py verify_store`: recompute the digest of everything in the store, and look for what is missing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.core.management.base import BaseCommand, CommandError

from apps.core.store import StoreDamaged, addresses, fetch_folder, verify
from apps.curricula.models import CurriculumVersion
from apps.datasets.models import DatasetVersion
from apps.registry.models import ModelVersion, PredictionSet
from apps.training.models import Benchmark

TABLES: dict[str, list[tuple[Any, str]]] = {
    "predictions": [(PredictionSet, "digest")],
    "datasets": [(DatasetVersion, "digest")],
    "lineage": [(DatasetVersion, "lineage_digest")],
    "curricula": [(CurriculumVersion, "digest")],
    "benchmarks": [(Benchmark, "digest")],
}
FOLDERS: dict[str, list[tuple[Any, str]]] = {"models": [(ModelVersion, "digest")]}
"""Which rows of the database name content of which kind."""

UNREADABLE = (OSError, pa.ArrowException, ValueError, KeyError)


class Command(BaseCommand):
    help = "Recompute every digest in the store and report what is damaged or missing. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for trouble in damages():
            found += 1
            self.stderr.write(trouble)
        if found:
            raise CommandError(
                f"{found} thing{'s' * (found != 1)} damaged or missing. Restore from a backup."
            )
        held = sum(len(addresses(kind)) for kind in (*TABLES, *FOLDERS))
        self.stdout.write(f"All {held} tables and folders are as their addresses say.")


def damages() -> Iterator[str]:
    """One sentence for each damaged or missing table and folder."""
    for kind, sources in (TABLES | FOLDERS).items():
        held = addresses(kind)
        for digest in held:
            trouble = _check(kind, digest)
            if trouble:
                yield f"{kind}/{digest}: {trouble}"
        named = {digest for model, column in sources for digest in _named(model, column)}
        for digest in sorted(named - set(held)):
            yield f"{kind}/{digest}: missing, though the database names it"


def _named(model: Any, column: str) -> set[str]:
    rows = model._default_manager.all()
    if model is ModelVersion:
        rows = rows.exclude(outside=True)  # their weights lie elsewhere
    return set(rows.values_list(column, flat=True))


def _check(kind: str, digest: str) -> str:
    """What is wrong with it; empty when all is well."""
    try:
        if kind in FOLDERS:
            with tempfile.TemporaryDirectory() as folder:
                fetch_folder(kind, digest, Path(folder))
        else:
            verify(kind, digest)
    except StoreDamaged:
        return "its content does not match its address"
    except UNREADABLE as error:
        return f"cannot be read ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
    return ""
