"""Imports over HTTP: a streamed body, its formats, and what is told of a bad one."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from apps.core.errors import BadInput
from apps.core.store import put_stream
from apps.examples.models import Example
from apps.exchange.api.imports import CHUNK, body_of
from apps.exchange.models import ImportRun
from workers.jobs.exchange import import_rows

PATH = "projects/digits/imports/"
ROW = {"key": "a1", "payload": {"text": "one"}, "label": "3", "split": "train"}
NDJSON = json.dumps(ROW).encode() + b"\n"


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"key": ["a1"], "payload": [{"text": "one"}], "label": ["3"]}), sink)
    return sink.getvalue()


def arrow() -> bytes:
    sink, table = io.BytesIO(), pa.table({"key": ["a1"], "payload": [{"text": "one"}], "label": ["3"]})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "query"),
    [
        (NDJSON, "application/x-ndjson", ""),
        (NDJSON, "application/x-ndjson; charset=utf-8", ""),
        (b"key,text,label\na1,one,3\n", "text/csv", ""),
        (parquet(), "application/vnd.apache.parquet", ""),
        (parquet(), "application/octet-stream", "?format=parquet"),
        (b"key\ttext\tlabel\na1\tone\t3\n", "text/tab-separated-values", ""),
        (arrow(), "application/vnd.apache.arrow.file", ""),
        (b"key,text,label\na1,one,3\n", "application/octet-stream", "?format=csv"),
    ],
)
def test_a_file_comes_in(house: Any, call: Any, content: bytes, kind: str, query: str) -> None:
    lena = call(house.lena)
    run = lena.upload(PATH + query, content, kind)
    assert (run["state"], run["created_by"]) == ("queued", "lena")
    import_rows(run["id"])
    done = lena.get(f"imports/{run['id']}/")
    assert (done["state"], done["rows_created"], done["rows_bad"]) == ("done", 1, 0), done
    assert Example.objects.get(key="a1").label == "3"


def test_columns_are_mapped_tried_dry_and_capped(house: Any, call: Any) -> None:
    lena = call(house.lena)
    mapping = {"columns": {"nr": "key", "body": "payload.text", "y": "label"}, "labels": {"three": "3"}}
    sheet = b"nr\tbody\ty\n1\tone\tthree\n2\ttwo\tnine\n"
    query = urlencode({"mapping": json.dumps(mapping), "name": "a.tsv", "stop_after": 7})
    dry = lena.upload(f"{PATH}?{query}&dry_run=true", sheet, "text/tab-separated-values")
    assert (dry["dry_run"], dry["stop_after"], dry["mapping"]["columns"]) == (True, 7, mapping["columns"])
    import_rows(dry["id"])
    assert lena.get(f"imports/{dry['id']}/")["rows_created"] == 1
    assert not Example.objects.exists()

    run = lena.upload(f"{PATH}?{query}", sheet, "text/tab-separated-values")
    import_rows(run["id"])
    assert lena.get(f"imports/{run['id']}/errors/")["results"][0]["code"] == "label_not_an_option"
    assert Example.objects.get(key="1").label == "3"


def test_bad_rows_are_listed_with_place_and_mend(house: Any, call: Any) -> None:
    lena = call(house.lena)
    content = NDJSON + b"{oops\n" + json.dumps({"key": "", "payload": {"text": "x"}}).encode() + b"\n"
    run = lena.upload(f"{PATH}?name=rows.ndjson", content, "application/x-ndjson")
    import_rows(run["id"])
    done = lena.get(f"imports/{run['id']}/")
    assert (done["rows_created"], done["rows_bad"], done["name"]) == (1, 2, "rows.ndjson")
    first = lena.get(f"imports/{run['id']}/errors/", page_size=1)
    assert (first["results"][0]["row"], first["results"][0]["code"]) == (2, "bad_json")
    second = lena.get(first["next"].split("/api/v1/")[1])["results"]
    assert [(row["row"], row["field"]) for row in second] == [(3, "key")]


def test_known_keys_are_refused_skipped_or_updated_as_asked(house: Any, call: Any) -> None:
    lena = call(house.lena)
    changed = json.dumps({**ROW, "label": "8"}).encode()
    for query, expected in {
        "": (1, 0, 0),
        "?on_conflict=skip": (0, 1, 0),
        "?on_conflict=update": (0, 0, 1),
    }.items():
        if query == "":
            import_rows(lena.upload(PATH, NDJSON, "application/x-ndjson")["id"])
        run = lena.upload(PATH + query, changed, "application/x-ndjson")
        import_rows(run["id"])
        done = lena.get(f"imports/{run['id']}/")
        assert (done["rows_bad"], done["rows_skipped"], done["rows_updated"]) == expected, query


@pytest.mark.parametrize(
    ("kind", "query", "field"),
    [
        ("application/json", "", "format"),
        ("application/octet-stream", "?format=xlsx", "format"),
        ("application/x-ndjson", "?on_conflict=maybe", "on_conflict"),
        ("application/x-ndjson", "?kind=dreams", "kind"),
        ("application/x-ndjson", "?mapping=%7Boops", "mapping"),
        ("application/x-ndjson", "?mapping=%7B%7D", "mapping"),
        ("application/x-ndjson", "?mapping=%5B1%5D", "mapping"),
        ("application/x-ndjson", "?dry_run=maybe", "dry_run"),
        ("application/x-ndjson", "?stop_after=many", "stop_after"),
        ("application/x-ndjson", "?stop_after=0", "stop_after"),
        ("multipart/form-data; boundary=x", "", "Content-Type"),
    ],
)
def test_a_request_that_cannot_be_meant_names_its_field(
    house: Any, call: Any, kind: str, query: str, field: str
) -> None:
    error = call(house.lena).upload(PATH + query, NDJSON, kind, status=422)["error"]
    assert (error["code"], error["field"]) == ("bad_input", field)
    assert not ImportRun.objects.exists()


def test_an_empty_body_and_one_without_a_length_are_refused(house: Any, call: Any) -> None:
    lena = call(house.lena)
    error = lena.upload(PATH, b"", "application/x-ndjson", status=422, CONTENT_LENGTH="0")["error"]
    assert error["field"] == "body"
    error = lena.upload(PATH, NDJSON, "application/x-ndjson", status=411, CONTENT_LENGTH="")["error"]
    assert error["code"] == "length_needed"
    assert not ImportRun.objects.exists()


def test_a_file_beyond_the_limit_is_refused_unread(house: Any, call: Any, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = len(NDJSON) - 1

    error = call(house.lena).upload(PATH, NDJSON, "application/x-ndjson", status=413)["error"]

    assert error["code"] == "body_too_large"
    assert not ImportRun.objects.exists()


class Wire:
    """A request whose body arrives as it is read; it counts what was asked for at once."""

    def __init__(self, total: int, *, promised: int) -> None:
        self.META = {"CONTENT_LENGTH": str(promised)}
        self.left, self.largest = total, 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "the whole body was asked for at once"
        self.largest = max(self.largest, size)
        taken = min(size, self.left)
        self.left -= taken
        return b"x" * taken


def test_the_body_is_read_in_chunks() -> None:
    wire = Wire(10 * CHUNK + 1, promised=10 * CHUNK + 1)
    assert [len(chunk) for chunk in body_of(wire)] == [CHUNK] * 10 + [1]  # type: ignore[arg-type]
    assert wire.largest == CHUNK


def test_a_body_that_was_cut_off_is_not_imported(settings: Any) -> None:
    wire = Wire(CHUNK, promised=2 * CHUNK)
    with pytest.raises(BadInput, match=r"ended after .* of .* bytes"):
        put_stream("uploads", body_of(wire))  # type: ignore[arg-type]
    left = [path for path in Path(settings.STORE_URL).rglob("*") if path.is_file()]
    assert left == [], "nothing of it stays behind"


def test_a_body_beyond_the_limit_of_other_operations_comes_in(house: Any, call: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    rows = b"".join(json.dumps({**ROW, "key": f"k{n}"}).encode() + b"\n" for n in range(50))
    lena = call(house.lena)
    import_rows(lena.upload(PATH, rows, "application/x-ndjson")["id"])
    assert lena.get("projects/digits/imports/")["results"][0]["rows_created"] == 50


def test_a_failed_import_is_retried(house: Any, call: Any) -> None:
    lena = call(house.lena)
    run = lena.upload(PATH, b"not parquet", "application/vnd.apache.parquet")
    import_rows(run["id"])
    failed = lena.get(f"imports/{run['id']}/")
    assert failed["state"] == "failed"
    assert failed["error"].endswith(".")
    assert lena.post(f"imports/{run['id']}/retry/", status=202)["state"] == "queued"
    assert lena.post(f"imports/{run['id']}/cancel/", status=202)["state"] == "cancelled"


def test_a_browser_s_session_sends_files_too_but_only_with_its_csrf_token(house: Any) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(house.lena)
    path, kind = f"/api/v1/{PATH}", "application/x-ndjson"
    refused = client.generic("POST", path, NDJSON, content_type=kind)
    assert (refused.status_code, ImportRun.objects.count()) == (403, 0)
    secret = "a" * 32
    client.cookies[settings.CSRF_COOKIE_NAME] = secret
    sent = client.generic("POST", path, NDJSON, content_type=kind, headers={"X-CSRFToken": secret})
    assert sent.status_code == 202, sent.content
