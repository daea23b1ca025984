"""Exports over HTTP: asked for, followed, downloaded in parts, removed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.exchange.models import ExportRun
from workers.jobs.exports import export as write

PATH = "projects/digits/exports/"
EXAMPLES = {"what": "examples", "format": "jsonl"}


@pytest.fixture
def lena(house: Any, call: Any) -> Any:
    return call(house.lena)


@pytest.fixture
def done(house: Any, lena: Any) -> Any:
    """An export of three examples, written."""
    for key in ("a", "b", "c"):
        house.example(key, label="3")
    run = lena.post(PATH, EXAMPLES, status=202)
    write(run["id"])
    return lena.get(f"exports/{run['id']}/")


def fetch(lena: Any, run: Any, **headers: str) -> Any:
    answer = lena.client.get(run["file"], headers={name.replace("_", "-"): v for name, v in headers.items()})
    answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


def test_an_export_is_asked_for_followed_and_downloaded(lena: Any, done: Any) -> None:
    assert (done["state"], done["rows"], done["created_by"]) == ("done", 3, "lena")
    assert done["name"] == f"digits-examples-{done['digest'][:12]}.jsonl"
    assert done["manifest"]["splits"] == {"pool": 3}
    assert done["kept_until"] is not None
    answer = fetch(lena, done)
    assert (answer.status_code, len(answer.body)) == (200, done["size"])
    assert [json.loads(line)["key"] for line in answer.body.splitlines()] == ["a", "b", "c"]
    assert answer["Content-Disposition"] == f'attachment; filename="{done["name"]}"'
    assert (answer["Accept-Ranges"], answer["Content-Length"]) == ("bytes", str(done["size"]))
    assert answer["ETag"] == f'"{done["sha256"]}"'


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-7", -7, None), ("bytes=5-999999", 5, None)],
)
def test_a_range_gives_just_these_bytes(
    lena: Any, done: Any, wanted: str, start: int, end: int | None
) -> None:
    whole = fetch(lena, done).body
    answer = fetch(lena, done, Range=wanted)
    assert (answer.status_code, answer.body) == (206, whole[start:end])
    first = start % len(whole)
    assert answer["Content-Range"] == f"bytes {first}-{first + len(answer.body) - 1}/{len(whole)}"
    assert answer["Content-Length"] == str(len(answer.body))


def test_a_download_that_broke_off_goes_on_only_with_the_same_file(lena: Any, done: Any) -> None:
    whole = fetch(lena, done)
    rest = fetch(lena, done, Range="bytes=20-", If_Range=whole["ETag"])
    assert (rest.status_code, whole.body[:20] + rest.body) == (206, whole.body)
    again = fetch(lena, done, Range="bytes=20-", If_Range='"another"')
    assert (again.status_code, again.body) == (200, whole.body)


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=99999999-", "bytes=-0"])
def test_a_range_outside_the_file_is_refused_with_its_size(lena: Any, done: Any, wanted: str) -> None:
    answer = fetch(lena, done, Range=wanted)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{done['size']}"
    assert answer.json()["error"]["code"] == "no_such_range"


@pytest.mark.parametrize("wanted", ["rows=1-2", "bytes=0-1,3-4", "bytes=-", "bytes=a-b"])
def test_a_range_that_is_not_understood_gives_the_whole(lena: Any, done: Any, wanted: str) -> None:
    answer = fetch(lena, done, Range=wanted)
    assert (answer.status_code, len(answer.body)) == (200, done["size"])


def test_a_removed_export_is_gone_and_says_so(lena: Any, done: Any) -> None:
    lena.delete(f"exports/{done['id']}/")
    after = lena.get(f"exports/{done['id']}/")
    assert (after["file"], after["kept_until"], after["state"]) == (None, None, "done")
    assert after["removed_at"] is not None
    lena.refused("get", f"exports/{done['id']}/file/", status=410, code="removed")


def test_an_export_without_a_file_yet_says_so_and_can_be_cancelled(lena: Any, house: Any) -> None:
    run = lena.post(PATH, EXAMPLES, status=202)
    assert run["file"] is None
    lena.refused("get", f"exports/{run['id']}/file/", status=409, code="not_written")
    lena.refused("delete", f"exports/{run['id']}/", status=409, code="still_written")
    assert lena.post(f"exports/{run['id']}/cancel/", status=202)["state"] == "cancelled"
    assert lena.post(f"exports/{run['id']}/retry/", status=202)["state"] == "queued"
    assert lena.get(PATH)["results"][0]["id"] == run["id"]


def test_a_format_that_does_not_fit_says_why(lena: Any) -> None:
    body = {"what": "annotations", "format": "conll"}
    error = lena.refused("post", PATH, body, status=422, code="format_does_not_fit")
    assert "asks for none" in error["message"]
    lena.refused("post", PATH, {"what": "annotations", "format": "xlsx"}, status=422, code="bad_input")
    assert not ExportRun.objects.exists()


def test_a_version_is_named_by_its_hash(lena: Any, house: Any) -> None:
    house.example("a", label="3", split="train")
    house.project.refresh_from_db()
    body = {"what": "dataset", "format": "csv", "version": "f" * 64}
    lena.refused("post", PATH, body, status=404, code="not_found")
