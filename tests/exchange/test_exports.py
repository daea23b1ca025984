"""An export holds every row once, says which content it is, and survives its worker."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.db import ProgrammingError, transaction
from psycopg import sql

from apps.core.errors import BadInput, NotAllowed, NotFound
from apps.core.models import Event, RunState
from apps.core.runs import ClaimLost, cancel, claim
from apps.curricula.models import CurriculumVersion
from apps.examples.models import Payload
from apps.exchange import writing
from apps.exchange.domain.tables import METADATA
from apps.exchange.models import ExportRun
from apps.exchange.queries import export_rows
from apps.exchange.queries.exports import NotWritten, Removed, part_of
from apps.exchange.services.exports import (
    StillWritten,
    keep_shard,
    remove_expired,
    remove_export,
    remove_exports,
)
from tests.exchange.exported import Exporter, content, objects, table
from tests.turn import Turn
from workers.jobs import exports as job

pytestmark = pytest.mark.django_db


@pytest.fixture
def export(house):
    return Exporter(house)


@pytest.fixture
def small(monkeypatch):
    """Two rows a block, four a portion, and a part closed after four: many of each from a few rows."""
    monkeypatch.setattr(export_rows, "BLOCK_ROWS", 2)
    monkeypatch.setattr(export_rows, "FIRST_ROWS", 3)
    monkeypatch.setattr(export_rows, "PORTION_ROWS", 3)
    monkeypatch.setattr(export_rows, "JOINED_ROWS", 2)
    monkeypatch.setattr(writing, "SHARD_ROWS", 4)


def purge(key, house):
    Payload.objects.filter(examples__key=key).update(body=None, purged_at=house.clock)


def files_of(run, settings):
    return [path for path in Path(settings.STORE_URL, "exports", str(run.pk)).rglob("*") if path.is_file()]


def test_examples_come_out_as_they_came_in(house, export):
    house.example("b", label="5", split="train", lang="de")
    house.example("a")
    found = table(export()).to_pylist()
    assert [row["key"] for row in found] == ["a", "b"]
    assert found[1] == {
        "key": "b",
        "payload": '{"text": "the text of b"}',
        "label": "5",
        "split": "train",
        "attributes": '{"lang": "de"}',
        "licence": "CC0-1.0",
    }
    assert found[0]["label"] is None


def test_benchmark_rows_come_only_where_they_are_asked_for(house, export):
    house.example("a")
    house.example("held", split="benchmark", label="3")
    assert [row["key"] for row in objects(export(format="jsonl"))] == ["a"]
    run = export(format="jsonl", benchmark=True)
    assert [row["key"] for row in objects(run)] == ["a", "held"]
    assert Event.objects.get(kind="export.started", object_id=str(run.pk)).data["benchmark"] is True


@pytest.mark.parametrize("format", ["parquet", "jsonl", "csv", "huggingface"])
def test_an_export_of_nothing_is_a_file_without_rows(house, export, format):
    run = export(format=format)
    assert (run.rows, run.manifest["rows"]) == (0, 0)
    assert len(content(run)) == run.size
    if format == "parquet":
        assert table(run).column_names == ["key", "payload", "label", "split", "attributes", "licence"]


def test_a_purged_payload_is_a_row_that_says_so(house, export):
    Turn(house).dataset()
    purge("t01", house)
    run = export(format="jsonl")
    assert {row["key"]: row["payload"] for row in objects(run)}["t01"] is None
    assert run.manifest["purged"] == 1
    dataset = house.project.dataset_versions.get()
    rows = {row["key"]: row for row in objects(export("dataset", "jsonl", version=dataset.digest))}
    assert (rows["t01"]["payload"], rows["t01"]["purged"]) == (None, True)
    assert (rows["t00"]["payload"], rows["t00"]["purged"]) == ({"text": "the text of t00"}, False)


def test_a_version_carries_its_hash_in_file_manifest_and_name(house, export):
    dataset = Turn(house).dataset()
    run = export("dataset", version=dataset.digest)
    said = json.loads(pq.ParquetFile(io.BytesIO(content(run))).metadata.metadata[METADATA.encode()])
    assert said == {"project": "digits", "what": "dataset", "version": 1, "digest": dataset.digest}
    assert run.digest == run.manifest["digest"] == dataset.digest
    assert run.name == f"digits-dataset-v1-{dataset.digest[:12]}.parquet"
    assert run.manifest["sources"] == {"as given": dataset.rows}
    assert table(run).num_rows == dataset.rows


def test_a_curriculum_comes_with_stages_weights_and_reasons(house, export):
    proposal = Turn(house).proposal()
    run = export("curriculum", "jsonl", version=proposal.curriculum.digest)
    rows = objects(run)
    stages = [stage["name"] for stage in proposal.curriculum.stages]
    assert {row["stage_name"] for row in rows} == set(stages)
    assert all(row["weight"] > 0 and row["reason"] for row in rows)
    assert run.manifest["stages"] == proposal.curriculum.stages
    assert len(rows) == proposal.curriculum.rows


def test_the_same_rows_have_the_same_hash_however_they_are_portioned(house, export, monkeypatch):
    for n in range(11):
        house.example(f"k{n:02}", label="3")
    whole = export()
    monkeypatch.setattr(export_rows, "FIRST_ROWS", 3)
    monkeypatch.setattr(writing, "SHARD_ROWS", 4)
    assert export(format="csv").digest == export().digest == whole.digest
    house.project.examples.filter(key="k05").update(label="5")
    assert export().digest != whole.digest


@pytest.mark.parametrize("format", ["parquet", "jsonl", "csv", "huggingface"])
@pytest.mark.parametrize("what", ["examples", "dataset"])
def test_parts_make_one_file(house, export, small, monkeypatch, settings, what, format):
    dataset = Turn(house).dataset()
    version = dataset.digest if what == "dataset" else ""
    parted = export(what, format, version=version)
    rows = dataset.rows if what == "dataset" else house.project.examples.exclude(split="benchmark").count()
    assert parted.rows == rows
    assert files_of(parted, settings) == [Path(settings.STORE_URL, parted.file)], "the parts are gone"
    monkeypatch.setattr(writing, "SHARD_ROWS", 10**6)
    whole = export(what, format, version=version)
    if format == "parquet":
        assert table(parted).equals(table(whole))
    elif format != "huggingface":
        assert content(parted) == content(whole)
    assert parted.digest == whole.digest


@pytest.mark.parametrize("format", ["parquet", "jsonl", "csv"])
@pytest.mark.parametrize("what", ["examples", "dataset"])
def test_a_killed_export_goes_on_behind_its_last_part(house, export, small, monkeypatch, what, format):
    dataset = Turn(house).dataset()
    version = dataset.digest if what == "dataset" else ""
    whole = export(what, format, version=version)
    run, kept = export.start(what, format, version=version), []

    def dies(**values):
        keep_shard(**values)
        kept.append(values["shard"])
        if len(kept) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(job, "keep_shard", dies)
        with pytest.raises(KeyboardInterrupt):
            house.work(run)
    ExportRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, claim=None)
    resumed = []
    monkeypatch.setattr(
        job, "keep_shard", lambda **values: (resumed.append(values["shard"]), keep_shard(**values))
    )
    house.work(run)

    written = sum(shard.rows for shard in [*kept, *resumed])
    assert written == run.rows == whole.rows, "nothing was written twice"
    assert run.digest == whole.digest
    if format == "parquet":
        assert table(run).equals(table(whole))
    else:
        assert content(run) == content(whole)


def test_a_worker_that_lost_its_run_records_nothing(house, export):
    house.example("a")
    run = export.start()
    held = claim(ExportRun, run.pk, at=house.clock)
    ExportRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, claim=None)
    house.work(run)
    with pytest.raises(ClaimLost):
        job.keep_shard(run=held, shard=job.Shard("a", "", 1, []), at=house.clock)


def test_a_running_export_stops_when_it_is_cancelled(house, export, settings):
    house.example("a")
    run = export.start()
    real = job.total_of

    def asked_to_stop(held):
        cancel(run=held, by=house.lena, at=house.clock)
        return real(held)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job, "total_of", asked_to_stop)
        house.work(run, ends=RunState.CANCELLED)
    with pytest.raises(NotWritten):
        part_of(run)


def test_progress_is_told_in_rows(house, export):
    for n in range(5):
        house.example(f"k{n}")
    assert export().progress == {"done": 0, "total": 5}, "told at once; the end is told by the state"


def test_a_file_can_be_removed_and_is_then_gone(house, export, settings, django_capture_on_commit_callbacks):
    house.example("a")
    run = export()
    with django_capture_on_commit_callbacks(execute=True):
        remove_export(run=run, by=house.luis, at=house.clock)
    run.refresh_from_db()
    assert files_of(run, settings) == []
    with pytest.raises(Removed):
        part_of(run)
    assert Event.objects.get(kind="export.removed").data == {"why": "deleted"}
    remove_export(run=run, by=house.luis, at=house.clock)
    assert Event.objects.filter(kind="export.removed").count() == 1


def test_an_export_that_is_being_written_is_not_removed(house, export):
    with pytest.raises(StillWritten):
        remove_export(run=export.start(), by=house.lena, at=house.clock)


def test_exports_expire(house, export, settings, django_capture_on_commit_callbacks):
    settings.EXPORT_DAYS = 2
    old, failed, waiting = export(), export(), export.start()
    ExportRun.objects.filter(pk=failed.pk).update(state=RunState.FAILED)
    ended = old.finished_at
    assert remove_expired(at=ended + timedelta(days=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert remove_expired(at=ended + timedelta(days=3)) == 2
    assert files_of(old, settings) == []
    waiting.refresh_from_db()
    assert waiting.removed_at is None


def test_a_purge_can_have_every_export_of_the_project_removed(house, export):
    run = export()
    assert remove_exports(project=house.project, why="a payload was purged", at=house.clock) == 1
    run.refresh_from_db()
    assert run.removed_at == house.clock


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"what": "models"}, "what"),
        ({"format": "xlsx"}, "format"),
        ({"what": "dataset"}, "version"),
        ({"version": "abc"}, "version"),
        ({"format": "label_studio"}, "format"),
        ({"what": "annotations", "format": "conll"}, "format"),
        ({"what": "annotations", "format": "preferences"}, "format"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_sentence(export, values, field):
    with pytest.raises(BadInput) as refused:
        export.start(**values)
    assert refused.value.detail["field"] == field
    assert refused.value.message.endswith(".")
    assert not ExportRun.objects.exists()


def test_a_version_of_another_project_is_not_found(house, export):
    with pytest.raises(NotFound):
        export.start("dataset", version="0" * 64)
    assert not CurriculumVersion.objects.exists()


def test_experts_do_not_export(house, export):
    with pytest.raises(NotAllowed):
        export.start(by=house.erin)


def test_csv_tells_a_null_from_an_empty_text_and_keeps_lines_within_cells(house, export):
    example = house.example('k"1,\n2', label='say "3"')
    type(example).objects.filter(pk=example.pk).update(licence="")
    text = content(export(format="csv")).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["key"], row["label"]) == ('k"1,\n2', 'say "3"')
    assert text.endswith(',""\n')


def test_a_copy_that_is_given_up_or_refused_leaves_the_connection_ready(house):
    for key in ("a", "b", "c"):
        house.example(key)
    statement = sql.SQL("COPY (SELECT n FROM generate_series(1, 100000) AS n) TO STDOUT")
    with pytest.raises(ProgrammingError), transaction.atomic():
        list(export_rows.copied(sql.SQL("COPY (SELECT nothing FROM nowhere) TO STDOUT")))
    assert house.project.examples.count() == 3
    with pytest.raises(KeyError), transaction.atomic():  # noqa: PT012
        rows = export_rows.copied(statement)
        next(rows)
        rows.close()
        raise KeyError
    assert house.project.examples.count() == 3
    assert len(list(export_rows.copied(statement))) == 100_000
    assert house.project.examples.count() == 3
