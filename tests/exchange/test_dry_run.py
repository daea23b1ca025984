"""A dry run tells what an import would do, row for row, and writes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.core.models import RunState
from apps.core.runs import claim
from apps.examples.models import Example, Payload
from apps.exchange.models import ImportRun
from apps.exchange.queries.imports import causes
from apps.exchange.services import imports as services
from apps.exchange.services.imports import start_import
from tests.conftest import House
from workers.jobs import exchange

pytestmark = pytest.mark.django_db


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def row(key: str, text: str = "a text", **values: Any) -> dict[str, Any]:
    return {"key": key, "payload": {"text": text}, **values}


def start(house: House, data: bytes, **how: Any) -> ImportRun:
    how.setdefault("format", "ndjson")
    return start_import(project=house.project, by=house.lena, at=house.clock, chunks=[data], **how)


def told(run: ImportRun) -> tuple[Any, ...]:
    problems = list(run.problems.values_list("row", "field", "code", "message"))
    counts = (run.rows_read, run.rows_created, run.rows_updated, run.rows_skipped, run.rows_bad)
    return (counts, problems, causes(run=run))


@pytest.mark.parametrize("on_conflict", ["error", "skip", "update"])
def test_it_tells_the_same_as_the_import_and_brings_nothing_in(
    house: House, on_conflict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.work(start(house, lines(row("old", "old"), row("same", "same"), row("held", split="benchmark"))))
    given = lines(
        row("old", "new"), row("same", "same"), row("fresh"), row("fresh", "again"),
        row("held", "other"), {"key": "bad"}, row("one", label="four"), row("two", label="3"), row("fresh", "third"),
    )  # fmt: skip
    monkeypatch.setattr(services, "CHUNK_ROWS", 3)  # doubles stand in another chunk, too
    before = (list(Example.objects.values()), Payload.objects.count())

    dry = house.work(start(house, given, on_conflict=on_conflict, dry_run=True))

    assert (list(Example.objects.values()), Payload.objects.count()) == before
    assert told(dry) == told(house.work(start(house, given, on_conflict=on_conflict)))
    assert dry.rows_created == 2


def test_a_dry_run_that_was_cut_off_begins_again(house: House) -> None:
    run = start(house, lines(row("a"), {"key": "bad"}, row("b")), dry_run=True)
    held = claim(ImportRun, run.pk, at=house.clock)
    chunk = services.Chunk()
    chunk.add(1, row("a"))
    chunk.add(2, {"key": "bad"})
    chunk.close(exchange.SeenKeys())
    services.bring_in(run=held, chunk=chunk, at=house.clock)
    ImportRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, claim=None)

    done = house.work(run)

    assert told(done)[0] == (3, 2, 0, 0, 1)
    assert done.problems.count() == 1
    assert not Example.objects.exists()


def test_a_mapping_is_kept_with_the_run_and_followed(house: House) -> None:
    mapping = {"columns": {"id": "key", "body": "payload.text", "y": "label"}, "labels": {"three": "3"}}
    data = b"id,body,y\n1,one,three\n2,two,5\n3,three,nine\n"
    run = house.work(start(house, data, format="csv", mapping=mapping))
    assert run.mapping["columns"] == mapping["columns"]
    assert dict(Example.objects.values_list("key", "label")) == {"1": "3", "2": "5"}
    assert causes(run=run) == {"label_not_an_option": 1}


def test_a_mapped_import_that_is_sent_again_changes_nothing(house: House) -> None:
    mapping = {"columns": {"body": "payload.text"}}
    data = b"body\none\ntwo\n"
    how = {"format": "csv", "mapping": mapping, "name": "rows.csv"}
    house.work(start(house, data, **how))
    again = house.work(start(house, data, on_conflict="update", **how))
    assert told(again)[0] == (2, 0, 0, 2, 0)
    assert set(Example.objects.values_list("key", flat=True)) == {"rows.csv:1", "rows.csv:2"}


def test_so_many_bad_rows_end_it_with_a_sentence_that_fits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "CHUNK_ROWS", 2)
    data = lines(row("a"), {"key": "b"}, {"key": "c"}, row("d"), row("e"))
    dry = house.work(start(house, data, stop_after=2, dry_run=True), ends=RunState.FAILED)
    assert dry.error.startswith("Stopped after 2 bad rows; 2 would have come in.")
    real = house.work(start(house, data, stop_after=1), ends=RunState.FAILED)
    assert real.error.startswith("Stopped after 1 bad rows; 1 good ones are in.")
