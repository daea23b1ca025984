"""What other tools export comes in: keys, payloads, the labels people agreed on; and what is broken is told."""

from __future__ import annotations

import io
import json

import pytest

from apps.exchange.domain import rows as domain
from apps.exchange.domain.readers import read_rows
from apps.exchange.domain.rows import BadRow, UnreadableFile, check_row

LABEL_STUDIO = [
    {
        "id": 11,
        "data": {"text": "It works"},
        "meta": {"lang": "en", "tags": ["a"]},
        "annotations": [
            {"result": [{"from_name": "tone", "type": "choices", "value": {"choices": ["good"]}}]},
            {
                "was_cancelled": True,
                "result": [{"from_name": "tone", "type": "choices", "value": {"choices": ["bad"]}}],
            },
        ],
    },
    {
        "id": 12,
        "data": {"text": "It broke"},
        "annotations": [
            {"result": [{"from_name": "tone", "type": "choices", "value": {"choices": ["bad"]}}]},
            {"result": [{"from_name": "tone", "type": "choices", "value": {"choices": ["good"]}}]},
        ],
    },
    {
        "id": 13,
        "data": {"text": "Ada"},
        "annotations": [{"result": [{"type": "labels", "value": {"labels": ["PER"]}}]}],
    },
    {"id": 14, "data": {"text": "Nobody looked"}},
]
DOCCANO = [
    {"id": 1, "text": "It works", "label": ["good"], "lang": "en", "Comments": ["nice"]},
    {"id": 2, "text": "Both", "label": ["good", "bad"]},
    {"id": 3, "text": "Ada", "label": [[0, 3, "PER"]], "entities": []},
    {"text": "No id", "label": "bad"},
]
ARGILLA = [
    {
        "id": "r1",
        "fields": {"text": "It works"},
        "metadata": {"lang": "en"},
        "responses": {"tone": [{"value": "good", "user_id": "u"}, {"value": "bad", "status": "discarded"}]},
    },
    {"id": "r2", "fields": {"text": "Both"}, "responses": {"tone": [{"value": "good"}, {"value": "bad"}]}},
    {"id": "r3", "fields": {"text": "Rated"}, "responses": {"stars": [{"value": 4}]}},
]
SAID = {
    "label_studio": (LABEL_STUDIO, [("11", "good"), ("12", None), ("13", None), ("14", None)]),
    "doccano": (DOCCANO, [("1", "good"), ("2", None), ("3", None), ("sha-", "bad")]),
    "argilla": (ARGILLA, [("r1", "good"), ("r2", None), ("r3", None)]),
}


def array(entries):
    return json.dumps(entries, indent=1).encode()


def lines(entries):
    return b"\n".join(json.dumps(entry).encode() for entry in entries)


def read(data, format):
    return [raw for _, raw in read_rows(io.BytesIO(data), format)]


@pytest.mark.parametrize("write", [array, lines])
@pytest.mark.parametrize("format", SAID)
def test_entries_become_rows_with_the_label_that_all_agree_on(format, write):
    entries, said = SAID[format]
    found = [check_row(n, raw) for n, raw in enumerate(read(write(entries), format), start=1)]
    assert [(row.key[:4] if row.key.startswith("sha-") else row.key, row.label) for row in found] == said
    assert all(json.loads(row.body)["text"] for row in found)
    assert json.loads(found[0].attributes) == {"lang": "en"}


def test_a_key_made_of_the_content_is_the_same_each_time():
    (first,), (again,) = (read(lines([{"text": "No id"}]), "doccano") for _ in range(2))
    assert first["key"] == again["key"]


def test_label_studio_rows_in_short_form_keep_all_they_have():
    (row,) = read(
        array([{"id": 5, "text": "x", "tone": "good", "annotator": 1, "lead_time": 2.5}]), "label_studio"
    )
    assert row == {"key": "5", "payload": {"text": "x", "tone": "good"}}


@pytest.mark.parametrize("format", SAID)
@pytest.mark.parametrize(
    ("entry", "code"), [(3, "not_an_object"), ({"id": 1, "annotations": 4, "data": {}, "label": 4}, "")]
)
def test_an_entry_of_another_build_is_one_bad_row(format, entry, code):
    good = SAID[format][0][0]
    first, bad, last = read(array([good, entry, good]), format)
    assert check_row(1, first).key == check_row(3, last).key
    with pytest.raises(BadRow) as told:
        check_row(2, bad)
    assert told.value.code == (code or told.value.code)
    assert told.value.message.endswith((".", "}."))


def test_an_array_that_breaks_off_tells_where_and_keeps_what_came_before():
    rows = read_rows(io.BytesIO(array(DOCCANO)[:-60]), "doccano")
    kept = [next(rows)[1]["key"] for _ in range(2)]
    assert kept == ["1", "2"]
    with pytest.raises(UnreadableFile, match="beyond its object 2"):
        list(rows)


def test_an_object_without_end_is_not_read_into_memory(monkeypatch):
    monkeypatch.setattr(domain, "MAX_ROW", 100_000)
    endless = b'[{"id": 1, "text": "' + b"x" * 400_000
    with pytest.raises(UnreadableFile, match="longer than"):
        read(endless, "doccano")


def test_a_large_number_in_an_array_is_read_as_one():
    (row,) = read(b'[{"id": 12345678901234567890123, "text": "x"}]', "doccano")
    assert row["key"] == "12345678901234567890123"
