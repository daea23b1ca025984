"""Exports: written to the store part by part, put together, and removed when their time is over."""

from __future__ import annotations

import time

from django.utils import timezone

from apps.core.jobs import EXPORT, REMOVE_EXPORTS
from apps.core.runs import beat
from apps.core.store import delete_files
from apps.exchange.domain.parts import Shard
from apps.exchange.models import ExportRun
from apps.exchange.queries.export_rows import Portions
from apps.exchange.queries.export_sources import source_of, total_of
from apps.exchange.services.exports import keep_shard, record_export, remove_expired
from apps.exchange.writing import Writing, parts_folder, put_together
from workers.jobs.claiming import claims
from workers.jobs.core import scheduled

BEAT_SECONDS = 1.0


@claims(EXPORT, ExportRun)
def export(run: ExportRun) -> None:
    shards = [Shard(**shard) for shard in run.shards]
    source = source_of(run)
    pulse = Pulse(run, done=sum(shard.rows for shard in shards), total=total_of(run))
    portions = source.portions(shards[-1].after if shards else "")
    while shard := next_shard(Writing(run, source.schema, shards[-1:]), portions, pulse):
        keep_shard(run=run, shard=shard, at=timezone.now())
        shards.append(shard)
    made = put_together(run, source.schema, shards, pulse.beat)
    record_export(run=run, made=made, at=timezone.now())
    delete_files(parts_folder(run))


class Pulse:
    """Says how far the run is: at once, then every second at most."""

    def __init__(self, run: ExportRun, *, done: int, total: int) -> None:
        self._run, self.done, self._total, self._next = run, done, total, 0.0

    def beat(self) -> None:
        if time.monotonic() >= self._next:
            beat(self._run, at=timezone.now(), done=self.done, total=self._total)
            self._next = time.monotonic() + BEAT_SECONDS


def next_shard(writing: Writing, portions: Portions, pulse: Pulse) -> Shard | None:
    """Write as much as goes into one part; None where nothing is left."""
    with writing:
        pulse.beat()
        for portion in portions:
            for piece in portion:
                writing.add(piece)
                pulse.done += piece.rows
            pulse.beat()
            if writing.full:
                break
        return writing.shard()


@scheduled(REMOVE_EXPORTS)
def remove() -> None:
    remove_expired(at=timezone.now())
