"""`manage.py import`: a file from this machine or a store, imported in this process."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.fs as pafs
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from apps.accounts.models import User
from apps.core.errors import BadInput, DomainError
from apps.core.input import read_json
from apps.core.models import RunState
from apps.exchange.domain.causes import WORDS
from apps.exchange.forms import format_of
from apps.exchange.models import ImportRun
from apps.exchange.queries.imports import causes, rate_of
from apps.exchange.services.imports import STOP_AFTER, start_import
from apps.projects.models import Project

CHUNK = 2**20
LOOK = 1.0  # seconds between looks at how far it is


class Command(BaseCommand):
    help = "Import a file of examples, or tell what it would bring. Ends with 1 where rows were bad."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's short name, as in its address")
        parser.add_argument("file", help="a path, or an address such as s3://bucket/rows.parquet")
        parser.add_argument("--as", dest="person", required=True, help="who imports: a username")
        parser.add_argument(
            "--format", choices=ImportRun.Format.values, help="where the name does not tell it"
        )
        parser.add_argument(
            "--mapping", help="what each column is: JSON, or the path of a file that holds it"
        )
        parser.add_argument("--on-conflict", choices=ImportRun.OnConflict.values, default="error")
        parser.add_argument("--stop-after", type=int, default=STOP_AFTER, help="so many bad rows end it")
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would come in, write none of it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = self._start(options)
        except DomainError as error:
            raise CommandError(error.message) from error
        with self._progress(run):
            _work(run)
        run.refresh_from_db()
        self._tell(run)

    def _start(self, options: dict[str, Any]) -> ImportRun:
        name = Path(options["file"]).name
        format = options["format"] or format_of(name)
        if not format:
            raise CommandError(f"The name {name!r} does not tell the format. Say it with --format.")
        with _opened(options["file"]) as source:
            return start_import(
                project=_named(Project, "slug", options["project"]),
                by=_named(User, "username", options["person"]),
                at=timezone.now(),
                chunks=iter(lambda: source.read(CHUNK), b""),
                format=format,
                name=name,
                mapping=_mapping(options["mapping"]),
                on_conflict=options["on_conflict"],
                stop_after=options["stop_after"],
                dry_run=options["dry_run"],
                wakes=False,
            )

    @contextmanager
    def _progress(self, run: ImportRun) -> Iterator[None]:
        """A line that says how far it is, written again and again where somebody looks on."""
        over = Event()
        thread = Thread(target=self._look, args=(run.pk, over), daemon=True)
        if self.stdout.isatty():
            thread.start()
        try:
            yield
        finally:
            over.set()
            if thread.is_alive():
                thread.join()
                self.stdout.write("")

    def _look(self, run_id: int, over: Event) -> None:
        while not over.wait(LOOK):
            run = ImportRun.objects.get(pk=run_id)
            words = f"\r{run.rows_read:,} rows read, {run.rows_bad:,} bad  {rate_of(run, timezone.now())}   "
            self.stdout.write(words, ending="")
            self.stdout.flush()
        connection.close()

    def _tell(self, run: ImportRun) -> None:
        place = settings.PUBLIC_URL + reverse("exchange:run", args=[run.project.slug, run.pk])
        self.stdout.write(
            f"{'Dry run, nothing written: ' if run.dry_run else ''}{run.rows_read:,} rows read, "
            f"{run.rows_created:,} new, {run.rows_updated:,} changed, {run.rows_skipped:,} skipped, "
            f"{run.rows_bad:,} bad."
        )
        for code, n in causes(run=run).items():
            self.stdout.write(f"  {WORDS.get(code, code)}: {n:,}")
        if run.state != RunState.DONE:
            raise CommandError(f"{run.error or f'The import is {run.state}.'} See {place}")
        if run.rows_bad:
            words = "1 row was" if run.rows_bad == 1 else f"{run.rows_bad:,} rows were"
            raise CommandError(f"{words} bad. Which, and the mend: {place}")


def _work(run: ImportRun) -> None:
    """Do the job here, as a worker would. By its name: what serves pages has no workers installed."""
    app = import_string("workers.celery.app")
    app.loader.import_default_modules()
    app.tasks[run.JOB.name](run.pk)


@contextmanager
def _opened(place: str) -> Iterator[BinaryIO]:
    try:
        if "://" in place:
            filesystem, path = pafs.FileSystem.from_uri(place)
            source = filesystem.open_input_stream(path)
        else:
            source = Path(place).open("rb")  # noqa: SIM115 closed below, whichever it is
    except (OSError, pa.ArrowException) as error:
        raise CommandError(f"{place} cannot be read: {error}") from error
    with source:
        yield source


def _named(model: Any, field: str, word: str) -> Any:
    found = model.objects.filter(**{field: word}).first()
    if found is None:
        raise CommandError(f"There is no {model._meta.verbose_name} {word!r}.")
    return found


def _mapping(told: str | None) -> Any:
    if not told:
        return None
    try:
        return read_json(told if told.lstrip().startswith("{") else Path(told).read_text())
    except OSError as error:
        raise CommandError(
            f"The mapping {told[:80]!r} is neither JSON nor a file that can be read."
        ) from error
    except (BadInput, UnicodeDecodeError) as error:
        raise CommandError(f"The mapping is not right. {error}") from error
