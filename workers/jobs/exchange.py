"""Imports: read, check and copy in, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core.jobs import IMPORT
from apps.core.runs import beat, lock_claimed
from apps.core.store import open_stream
from apps.exchange.domain.fitting import Fit
from apps.exchange.domain.rows import UnreadableFile, read_rows
from apps.exchange.models import ImportRun
from apps.exchange.services.imports import Chunk, bring_in, give_up
from apps.projects.runs import finish
from workers.jobs.claiming import JobFailed, claims


@claims(IMPORT, ImportRun)
def import_rows(run: ImportRun) -> None:
    seen: set[str] = set()
    fit = Fit.to(run.protocol.body) if run.protocol else None
    with open_stream("uploads", run.upload) as source:
        rows = read_rows(source, run.format)
        try:
            for number, raw in islice(rows, run.rows_read):
                # read before it was cut off, and written: only the keys matter, or a later double would come in
                Chunk().add(number, raw, seen=seen, fit=fit)
            for chunk in chunks(rows, seen=seen, fit=fit):
                row = bring_in(run=run, chunk=chunk, at=timezone.now())
                beat(run, at=timezone.now(), rows=row.rows_read)
        except UnreadableFile as error:
            give_up(run=run)
            raise JobFailed(str(error)) from error
    with transaction.atomic():
        finish(lock_claimed(run), at=timezone.now())


def chunks(rows: Iterator[tuple[int, Any]], *, seen: set[str], fit: Fit | None) -> Iterator[Chunk]:
    """The rows in portions that fit into memory and into one transaction."""
    chunk = Chunk()
    for number, raw in rows:
        chunk.add(number, raw, seen=seen, fit=fit)
        if chunk.full:
            yield chunk
            chunk = Chunk()
    if chunk.read:
        yield chunk
