"""Imports: read, check and copy in, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from apps.core.jobs import IMPORT
from apps.core.runs import beat, lock_claimed
from apps.core.store import open_stream
from apps.exchange.domain.fitting import Fit
from apps.exchange.domain.mapping import Mapping
from apps.exchange.domain.readers import read_rows
from apps.exchange.domain.rows import UnreadableFile
from apps.exchange.domain.seen import SeenKeys
from apps.exchange.models import ImportRun
from apps.exchange.services.imports import CHUNK_ROWS, Chunk, begin_again, bring_in, give_up
from apps.projects.runs import finish
from workers.jobs.claiming import JobFailed, claims

Item = TypeVar("Item")


@claims(IMPORT, ImportRun)
def import_rows(run: ImportRun) -> None:
    fit = Fit.to(run.protocol.body) if run.protocol else None
    mapping = Mapping.of(run.mapping) if run.mapping else None
    if run.dry_run:
        begin_again(run=run)
    with open_stream("uploads", run.upload) as source:
        try:
            rows = read_rows(source, run.format, mapping=mapping, name=run.name)
            for chunk in ahead(chunks(rows, done=run.rows_read, fit=fit)):
                row = bring_in(run=run, chunk=chunk, at=timezone.now())
                beat(run, at=timezone.now(), rows=row.rows_read)
                if row.rows_bad >= row.stop_after:
                    raise UnreadableFile(_too_many(row))
        except UnreadableFile as error:
            give_up(run=run)
            raise JobFailed(str(error)) from error
    with transaction.atomic():
        finish(lock_claimed(run), at=timezone.now())


def _too_many(run: ImportRun) -> str:
    good = run.rows_created + run.rows_updated
    told = f"{good:,} would have come in" if run.dry_run else f"{good:,} good ones are in"
    return f"Stopped after {run.rows_bad:,} bad rows; {told}. Mend the file, or allow more bad rows, and send it again."


def chunks(rows: Iterator[tuple[int, Any]], *, done: int, fit: Fit | None) -> Iterator[Chunk]:
    """The rows in portions that fit into memory and into one transaction.

    The first `done` rows were written before the import was cut off: of them only the keys matter, or a later double
    would come in.
    """
    seen, chunk, ends = SeenKeys(), Chunk(), list[UnreadableFile]()
    while before := list(islice(rows, min(done, CHUNK_ROWS))):
        done -= len(before)
        seen.meet([str(raw["key"]) for _, raw in before if isinstance(raw, dict) and "key" in raw])
    for number, raw in until_unreadable(rows, ends):
        chunk.add(number, raw, fit=fit)
        if chunk.full:
            chunk.close(seen)
            yield chunk
            chunk = Chunk()
    if chunk.read:
        chunk.close(seen)
        yield chunk
    for error in ends:
        raise error


def until_unreadable(items: Iterator[Item], ends: list[UnreadableFile]) -> Iterator[Item]:
    """The items; what ends them too early is kept, so that what came before it can be written first."""
    try:
        yield from items
    except UnreadableFile as error:
        ends.append(error)


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items, each made in a thread of its own while the one before is worked on."""
    end = object()
    with ThreadPoolExecutor(1) as maker:
        coming: Future[Any] = maker.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = maker.submit(next, items, end)
            yield item
