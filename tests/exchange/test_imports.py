"""Uploading a file and following its import, its problems and its end."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.core.runs import claim
from apps.exchange.models import ImportProblem, ImportRun, Upload
from apps.exchange.queries.imports import PROBLEMS_PAGE
from apps.exchange.services.imports import start_import
from tests.conftest import House
from workers.jobs.exchange import import_rows

pytestmark = pytest.mark.django_db


def send(client: Client, house: House, name: str, content: bytes, **values: str) -> HttpResponse:
    client.force_login(house.lena)
    file = SimpleUploadedFile(name, content)
    answer: HttpResponse = client.post(reverse("exchange:upload", args=["digits"]), {"file": file, **values})
    return answer


def started(client: Client, house: House, content: bytes, format: str = "ndjson") -> ImportRun:
    """An import that was queued otherwise than by the form, for whom the pages are the same."""
    client.force_login(house.lena)
    project, at = house.project, house.clock
    return start_import(project=project, by=house.lena, at=at, chunks=[content], format=format, name="a.file")


def row(key: str, **values: object) -> bytes:
    return json.dumps({"key": key, "payload": {"text": key}, **values}).encode() + b"\n"


def look(client: Client, run: ImportRun, query: str = "") -> str:
    answer = client.get(reverse("exchange:run", args=["digits", run.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_file_is_imported_and_its_bad_rows_are_told(client: Client, house: House) -> None:
    sent = send(client, house, "rows.ndjson", row("a") + b"not json\n" + row("b", split="nowhere"))
    upload = Upload.objects.get()
    assert sent["Location"] == reverse("exchange:preview", args=["digits", upload.pk])
    assert not ImportRun.objects.exists(), "nothing comes in before it was looked at"

    values = {"on_conflict": "error", "stop_after": "10000"}
    answer = client.post(reverse("exchange:start", args=["digits", upload.pk]), values)
    run = ImportRun.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("exchange:run", args=["digits", run.pk])

    import_rows(run.pk)

    html = look(client, run)
    assert list(house.project.examples.values_list("key", flat=True)) == ["a"]
    assert "The line is not JSON" in html
    assert "choose one of pool, train, benchmark" in html
    assert "unknown split <strong>1</strong>" in html
    assert "checked against protocol v1" in html
    assert "report the row" in html
    assert "every 1s" not in html, "a page of an import that is over asks no more"


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("A.CSV", "csv"),
        ("a.jsonl", "ndjson"),
        ("a.parquet", "parquet"),
        ("a.tsv", "tsv"),
        ("a.txt", "tsv"),
        ("a.feather", "arrow"),
    ],
)
def test_the_format_is_guessed_from_the_name(client: Client, house: House, name: str, format: str) -> None:
    send(client, house, name, b"x")

    assert Upload.objects.get().format == format


def test_an_unknown_ending_needs_the_format_said(client: Client, house: House) -> None:
    refused = send(client, house, "rows.dat", row("a"))
    taken = send(client, house, "rows.dat", row("a"), format="ndjson")

    assert refused.status_code == 422
    assert "does not tell the format" in refused.content.decode()
    assert taken.status_code == 302
    assert Upload.objects.count() == 1


def test_an_empty_file_is_refused_in_words(client: Client, house: House) -> None:
    answer = send(client, house, "a.csv", b"")

    assert answer.status_code == 422
    assert "empty" in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_file_beyond_the_limit_is_refused_in_words_before_it_is_read(
    client: Client, house: House, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000

    answer = send(client, house, "a.ndjson", row("a") + b" " * 1_000)

    assert answer.status_code == 413
    assert "takes at most 1,000 bytes at once" in answer.content.decode()
    assert not Upload.objects.exists()


def test_problems_come_page_by_page_and_whole_as_csv(client: Client, house: House) -> None:
    run = started(client, house, b"x")
    ImportProblem.objects.bulk_create(
        ImportProblem(run=run, row=n, field="key", code="no_key", message=f"=mend {n}")
        for n in range(PROBLEMS_PAGE + 1)
    )
    ImportRun.objects.update(causes={"no_key": PROBLEMS_PAGE + 1})

    first = look(client, run)
    assert f"=mend {PROBLEMS_PAGE - 1}<" in first
    assert f"=mend {PROBLEMS_PAGE}<" not in first
    last = run.problems.get(row=PROBLEMS_PAGE - 1)
    assert f"=mend {PROBLEMS_PAGE}<" in look(client, run, f"?after={last.row}:{last.pk}")

    answer = client.get(reverse("exchange:problems", args=["digits", run.pk]))
    lines = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert len(lines) == PROBLEMS_PAGE + 1
    assert lines[0]["message"] == "'=mend 0", "a spreadsheet must not run what was uploaded"


def test_a_waiting_import_is_cancelled_and_retried(client: Client, house: House) -> None:
    run = started(client, house, row("a"))

    client.post(reverse("exchange:cancel", args=["digits", run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"

    client.post(reverse("exchange:retry", args=["digits", run.pk]))
    import_rows(run.pk)
    run.refresh_from_db()
    assert (run.state, run.rows_created) == ("done", 1)


def test_trying_again_is_not_offered_where_it_cannot_help(client: Client, house: House) -> None:
    run = started(client, house, b"no parquet", "parquet")
    import_rows(run.pk)

    html = look(client, run)

    assert "Trying again cannot help" in html
    assert reverse("exchange:retry", args=["digits", run.pk]) not in html
    jobs = client.get(reverse("explore:jobs", args=["digits"])).content.decode()
    assert reverse("explore:retry_job", args=["digits", "importrun", run.pk]) not in jobs


@pytest.mark.parametrize(("protocol", "words"), [(True, "fits protocol v1"), (False, "had no protocol")])
def test_the_report_says_what_good_means(client: Client, house: House, protocol: bool, words: str) -> None:
    if not protocol:
        house.project.protocol = None
        house.project.save()
    run = started(client, house, row("a"))
    import_rows(run.pk)

    assert words in look(client, run)


def test_a_running_import_is_followed_and_asked_to_stop(client: Client, house: House) -> None:
    run = started(client, house, row("a"))
    claim(ImportRun, run.pk, at=house.clock)

    assert "every 1s" in look(client, run)
    client.post(reverse("exchange:cancel", args=["digits", run.pk]))
    assert "Stopping" in look(client, run)


def test_the_list_says_what_to_do_when_it_is_empty(client: Client, house: House) -> None:
    client.force_login(house.lena)

    html = client.get(reverse("exchange:imports", args=["digits"])).content.decode()

    assert "Nothing imported yet" in html
