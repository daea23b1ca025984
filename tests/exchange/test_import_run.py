"""An import brings good rows in, tells bad ones, and may be cut off anywhere without doubling."""

from __future__ import annotations

import json

import pytest

from apps.core.errors import BadInput, NotAllowed
from apps.core.models import RunState
from apps.core.runs import claim
from apps.examples.models import Example, Payload
from apps.exchange.domain.readers import read_rows
from apps.exchange.domain.seen import SeenKeys
from apps.exchange.models import ImportRun
from apps.exchange.queries.imports import causes
from apps.exchange.services import imports as services
from apps.exchange.services.imports import Chunk, bring_in, start_import
from workers.jobs import exchange

pytestmark = pytest.mark.django_db


def row(key, text=None, **values):
    return {"key": key, "payload": {"text": text or f"text of {key}"}, **values}


def lines(*rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def start(house):
    def start(*rows, data=None, format="ndjson", on_conflict="error"):
        return start_import(
            project=house.project,
            by=house.lena,
            at=house.clock,
            chunks=[data if data is not None else lines(*rows)],
            format=format,
            on_conflict=on_conflict,
        )

    return start


def counts(run):
    return (run.rows_created, run.rows_updated, run.rows_skipped, run.rows_bad)


def texts(house):
    return {e.key: e.payload.body["text"] for e in house.project.examples.select_related("payload")}


def test_good_rows_come_in_and_bad_ones_are_told_by_number(house, start):
    run = house.work(start(row("a", label="3"), {"key": "b"}, row("c", split="test"), row("d")))
    assert counts(run) == (2, 0, 0, 2)
    assert [(p.row, p.field, p.code) for p in run.problems.all()] == [
        (2, "payload", "no_payload"),
        (3, "split", "unknown_split"),
    ]
    assert sorted(texts(house)) == ["a", "d"]
    assert house.project.examples.get(key="a").label == "3"


def test_the_same_content_is_kept_once(house, start):
    house.work(start(row("a", "same"), row("b", "same")))
    assert Example.objects.count() == 2
    assert Payload.objects.count() == 1


def test_a_key_that_stands_twice_in_the_file_keeps_its_first_row(house, start):
    run = house.work(start(row("a", "first"), row("a", "second"), on_conflict="update"))
    assert counts(run) == (1, 0, 0, 1)
    assert causes(run=run) == {"duplicate_key": 1}
    assert texts(house) == {"a": "first"}


def test_a_known_key_is_an_error_is_skipped_or_updates_as_asked(house, start):
    house.work(start(row("a", "old"), row("b", "old")))
    refused = house.work(start(row("a", "new"), row("c", "new")))
    assert counts(refused) == (1, 0, 0, 1)
    assert causes(run=refused) == {"key_exists": 1}
    skipped = house.work(start(row("a", "new"), row("d", "new"), on_conflict="skip"))
    assert counts(skipped) == (1, 0, 1, 0)
    updated = house.work(start(row("a", "new"), row("b", "old"), on_conflict="update"))
    assert counts(updated) == (0, 1, 1, 0)
    assert texts(house) == {"a": "new", "b": "old", "c": "new", "d": "new"}


def test_an_update_moves_what_it_names_and_when(house, start):
    house.work(start(row("a", label="3", licence="CC0-1.0")))
    before = house.project.examples.get(key="a")
    house.work(start(row("a", label="5", split="train", attributes={"lang": "en"}), on_conflict="update"))
    after = house.project.examples.get(key="a")
    assert (after.label, after.split, after.attributes) == ("5", "train", {"lang": "en"})
    assert after.pk == before.pk
    assert after.updated_at > before.updated_at == after.created_at


@pytest.mark.parametrize(
    "change",
    [
        row("held", "held", label="5", split="benchmark"),
        row("held", "other", label="3", split="benchmark"),
        row("held", "held", label="3", split="train"),
        row("open", "open", label="3", split="benchmark"),
    ],
)
def test_nothing_enters_leaves_or_changes_in_a_benchmark(house, start, change):
    house.work(start(row("held", "held", label="3", split="benchmark"), row("open", "open", label="3")))
    run = house.work(start(change, on_conflict="update"))
    assert causes(run=run) == {"benchmark_frozen": 1}
    assert texts(house) == {"held": "held", "open": "open"}
    assert set(house.project.examples.values_list("key", "label", "split")) == {
        ("held", "3", "benchmark"),
        ("open", "3", "pool"),
    }


def test_attributes_of_a_benchmark_example_may_be_added(house, start):
    held = row("held", label="3", split="benchmark")
    house.work(start(held))
    run = house.work(start({**held, "attributes": {"half": "odd"}}, on_conflict="update"))
    assert counts(run) == (0, 1, 0, 0)


def test_another_project_may_use_the_same_keys(house, start):
    other = Example.objects.create(
        project=type(house.project).objects.create(slug="other", name="Other", created_at=house.clock),
        key="a",
        payload=Payload.objects.create(digest="d", body={"text": "theirs"}),
        created_at=house.clock,
        updated_at=house.clock,
    )
    run = house.work(start(row("a", "ours"), on_conflict="update"))
    other.refresh_from_db()
    assert counts(run) == (1, 0, 0, 0)
    assert other.payload.body == {"text": "theirs"}


def test_ten_thousand_rows_come_in_chunk_by_chunk(house, start):
    run = house.work(start(*(row(f"k{n:05}", label="358"[n % 3]) for n in range(10_000))))
    assert (run.rows_read, *counts(run)) == (10_000, 10_000, 0, 0, 0)
    assert house.project.examples.count() == 10_000
    assert run.progress["rows"] == 10_000


def test_large_rows_are_written_a_few_at_a_time(house, start, monkeypatch):
    sizes = []
    monkeypatch.setattr(services, "CHUNK_SIZE", 1_000)
    monkeypatch.setattr(exchange, "beat", lambda run, *, at, rows: sizes.append(rows))
    house.work(start(*(row(f"k{n}", "x" * 300) for n in range(10))))
    assert sizes == [4, 8, 10]


def cut_off_after(house, run, n):
    """A worker brings in the first `n` rows as one chunk, and dies."""
    held = claim(ImportRun, run.pk, at=house.clock)
    chunk = Chunk()
    with exchange.open_stream("uploads", run.upload) as source:
        for number, raw in list(read_rows(source, run.format))[:n]:
            chunk.add(number, raw)
    chunk.close(SeenKeys())
    bring_in(run=held, chunk=chunk, at=house.clock)
    ImportRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, claim=None)


@pytest.mark.parametrize("on_conflict", ["error", "skip", "update"])
def test_an_import_that_was_cut_off_resumes_without_doubling(house, start, on_conflict):
    given = [row("a"), {"key": "bad"}, row("b"), row("c"), row("a", "again"), row("d")]
    whole = house.work(start(*given, on_conflict=on_conflict))
    told, kept = list(whole.problems.values_list("row", "code")), texts(house)
    Example.objects.all().delete()
    run = start(*given, on_conflict=on_conflict)
    cut_off_after(house, run, 3)
    house.work(run)
    assert counts(run) == counts(whole)
    assert list(run.problems.values_list("row", "code")) == told
    assert texts(house) == kept


def test_a_damaged_file_fails_with_its_sentence_and_brings_nothing(house, start):
    run = house.work(start(data=b"not parquet", format="parquet"), ends=RunState.FAILED)
    assert "not Parquet" in run.error
    assert not Example.objects.exists()


def test_what_stands_before_a_fault_of_the_file_is_kept(house, start):
    entries = [{"id": n, "text": f"text {n}"} for n in range(3)]
    run = house.work(start(data=json.dumps(entries).encode()[:-20], format="doccano"), ends=RunState.FAILED)
    assert "beyond its object 2" in run.error
    assert (run.readable, run.rows_created, sorted(texts(house))) == (False, 2, ["0", "1"])


def test_so_many_bad_rows_end_the_import_and_good_ones_stay(house, start, monkeypatch):
    monkeypatch.setattr(services, "CHUNK_ROWS", 10)
    run = start(*(row(f"k{n}") if n % 2 else {"key": f"k{n}"} for n in range(100)))
    ImportRun.objects.update(stop_after=12)
    house.work(run, ends=RunState.FAILED)
    assert run.error.startswith("Stopped after 15 bad rows; 15 good ones are in.")
    assert (run.rows_read, run.readable, run.causes) == (30, False, {"no_payload": 15})


def test_rows_have_to_fit_the_protocol_that_was_in_force_when_they_were_sent(house, start):
    run = start(row("a", label="3"), row("b", label="four"), {"key": "c", "payload": {"image": "x"}})
    house.work(run)
    assert counts(run) == (1, 0, 0, 2)
    assert set(causes(run=run)) == {"label_not_an_option", "field_missing"}
    assert run.protocol == house.project.protocol


def test_the_protocol_is_read_once_however_many_rows_there_are(house, start, django_assert_max_num_queries):
    run = start(*(row(f"k{n}") for n in range(500)))
    with django_assert_max_num_queries(40):
        house.work(run)


def test_without_a_protocol_rows_are_not_held_against_one(house, start):
    house.project.protocol = None
    house.project.save()
    run = house.work(start(row("a", label="four")))
    assert (counts(run), run.protocol) == ((1, 0, 0, 0), None)


def test_problems_beyond_a_thousand_are_only_counted(house, start):
    run = house.work(start(*({"key": f"k{n}"} for n in range(1_200))))
    assert (run.rows_bad, run.problems.count()) == (1_200, 1_000)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"format": "xlsx"}, "format"), ({"on_conflict": "merge"}, "on_conflict"), ({"kind": "models"}, "kind")],
)
def test_an_import_that_cannot_be_done_is_refused_before_it_is_kept(house, values, field):
    given = {"format": "ndjson", "chunks": [b""], **values}
    with pytest.raises(BadInput) as refused:
        start_import(project=house.project, by=house.lena, at=house.clock, **given)
    assert refused.value.detail["field"] == field
    assert not ImportRun.objects.exists()


def test_experts_do_not_import(house):
    with pytest.raises(NotAllowed):
        start_import(project=house.project, by=house.erin, at=house.clock, chunks=[b""], format="ndjson")
