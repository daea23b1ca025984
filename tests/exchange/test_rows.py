"""Rows of an import: three formats, and every bad row told by its field, its code and the mend."""

from __future__ import annotations

import inspect
import io
import json
import re
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.config.supervisor.parts import ROOT
from apps.exchange.domain import fitting, json_text, mapping
from apps.exchange.domain import rows as domain
from apps.exchange.domain.causes import WORDS
from apps.exchange.domain.readers import arrow, columns, elsewhere, images, lines, read_rows, sheets
from apps.exchange.domain.rows import BadRow, UnreadableFile, check_row
from apps.exchange.services import imports as services

GOOD = {
    "key": "a1",
    "payload": {"text": "café"},
    "label": "3",
    "split": "train",
    "attributes": {"lang": "en", "n": 2},
    "licence": "CC0-1.0",
}


def rows(data, format):
    return list(read_rows(io.BytesIO(data), format))


def only(data, format):
    ((number, raw),) = rows(data, format)
    return check_row(number, raw)


def parquet(table):
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def fault(raw):
    with pytest.raises(BadRow) as bad:
        check_row(1, raw)
    assert bad.value.message.endswith((".", "}."))
    return bad.value.field, bad.value.code


def test_all_formats_say_the_same_row():
    line = json.dumps(GOOD).encode()
    sheet = (
        "\ufeffkey,text,label,split,attributes.lang,attributes,licence\r\n"
        'a1,café,3,train,en,"{""n"": 2}",CC0-1.0\r\n'
    )
    table = pa.Table.from_pylist([GOOD])
    texts = pa.Table.from_pylist([{**GOOD, "payload": json.dumps(GOOD["payload"])}])
    first = only(line, "ndjson")
    assert only(sheet.encode(), "csv") == first
    assert only(parquet(table), "parquet") == first
    assert only(parquet(texts), "parquet") == first
    assert (first.key, first.body, first.split) == ("a1", '{"text":"café"}', "train")


def test_the_digest_does_not_depend_on_the_order_of_fields():
    one = check_row(1, {"key": "a", "payload": {"x": 1, "y": 2}})
    other = check_row(1, {"key": "b", "payload": {"y": 2, "x": 1}})
    assert one.digest == other.digest


def test_what_is_left_out_has_plain_defaults():
    row = check_row(1, {"key": 7, "payload": {"text": "x"}})
    assert (row.key, row.label, row.split, row.attributes, row.licence) == ("7", None, "pool", "{}", "")


def test_zero_is_a_label_and_an_empty_text_is_none():
    assert check_row(1, {**GOOD, "label": 0}).label == "0"
    assert check_row(1, {**GOOD, "label": ""}).label is None


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"key": None}, "key", "no_key"),
        ({"key": "  "}, "key", "no_key"),
        ({"key": True}, "key", "no_key"),
        ({"key": "k" * 201}, "key", "bad_key"),
        ({"key": "a\x00"}, "key", "bad_key"),
        ({"key": "a\ud800"}, "key", "bad_key"),
        ({"label": 0.5}, "label", "no_label"),
        ({"label": "l" * 201}, "label", "bad_label"),
        ({"licence": "\udfff"}, "licence", "bad_licence"),
        ({"licence": 5}, "licence", "no_licence"),
        ({"payload": None}, "payload", "no_payload"),
        ({"payload": {}}, "payload", "no_payload"),
        ({"payload": "text"}, "payload", "no_payload"),
        ({"payload": {"text": "\x00"}}, "payload", "bad_payload"),
        ({"payload": {"text": "\ud800"}}, "payload", "bad_payload"),
        ({"payload": {"score": float("nan")}}, "payload", "bad_payload"),
        ({"payload": {"raw": b"bytes"}}, "payload", "bad_payload"),
        ({"split": "test"}, "split", "unknown_split"),
        ({"attributes": ["en"]}, "attributes", "bad_attributes"),
        ({"attributes": {"lang": ["en"]}}, "attributes", "bad_attributes"),
        ({"attributes": {"n": float("inf")}}, "attributes", "bad_attributes"),
        ({"lang": "en"}, "lang", "unknown_field"),
        ({"l" * 500: "en"}, "l" * 60, "unknown_field"),
        ({"l\x00\ud800": "en"}, "l??", "unknown_field"),
    ],
)
def test_a_bad_value_is_told_by_its_field(change, field, code):
    assert fault({**GOOD, **change}) == (field, code)


def test_a_row_that_is_no_object_is_told():
    assert fault([1, 2]) == ("", "not_an_object")


def test_a_payload_that_only_looks_like_nul_is_kept():
    assert check_row(1, {"key": "a", "payload": {"text": "the escape \\u0000 in a manual"}}).key == "a"


def test_a_payload_nested_without_end_is_a_bad_row():
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert fault({"key": "a", "payload": deep}) == ("payload", "bad_payload")


def test_bad_lines_are_numbered_and_good_ones_around_them_kept():
    data = b'{"key": "a", "payload": {"x": 1}}\nnot json\n\n\xff\xfe\n{"key": "b", "payload": {"x": 1}}'
    found = rows(data, "ndjson")
    assert [number for number, _ in found] == [1, 2, 3, 4]
    assert [raw.code for _, raw in found if isinstance(raw, BadRow)] == ["bad_json", "bad_encoding"]
    assert found[3][1]["key"] == "b"


def test_a_line_too_long_is_one_bad_row_and_the_next_is_read(monkeypatch):
    monkeypatch.setattr(domain, "MAX_ROW", 50)
    data = b'{"key": "a", "payload": {"x": "' + b"x" * 400 + b'"}}\n{"key": "b"}\n'
    found = rows(data, "ndjson")
    assert found[0][1].code == "row_too_long"
    assert found[1] == (2, {"key": "b"})


def test_csv_columns_make_up_the_payload_and_attributes():
    row = only(b"key,payload.text,title,attributes.lang,label\na,hello,T,en,\n", "csv")
    assert json.loads(row.body) == {"text": "hello", "title": "T"}
    assert json.loads(row.attributes) == {"lang": "en"}
    assert row.label is None


def test_an_empty_cell_of_an_attribute_is_none():
    row = only(b"key,text,attributes.lang\na,hello,\n", "csv")
    assert (row.body, row.attributes) == ('{"text":"hello"}', "{}")


def test_csv_cells_may_hold_commas_quotes_and_lines():
    assert json.loads(only(b'key,text\na,"one, ""two""\nthree"\n', "csv").body) == {
        "text": 'one, "two"\nthree'
    }


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"key,text\na,b,c\n", "too_many_cells"),
        (b'key,payload\na,"{broken"\n', "bad_json"),
        (b'key,payload,text\na,"{broken",more\n', "bad_json"),
        (b'key,payload,text\na,"[1]",more\n', "no_payload"),
        (b'key,text,attributes,attributes.lang\na,b,"{broken",en\n', "bad_json"),
        (b'key,text,attributes,attributes.lang\na,b,"3",en\n', "bad_attributes"),
        (b"key,text\n,b\n", "no_key"),
        (b'key,text\na,"never closed\n', "bad_quote"),
        (b'key,text\na,"closed" too early\n', "bad_quote"),
    ],
)
def test_a_bad_csv_row_is_one_bad_row(data, code):
    ((number, raw),) = rows(data, "csv")
    assert (number, fault(raw)[1]) == (1, code)


@pytest.mark.parametrize(
    ("data", "format", "words"),
    [
        (b"key,text\na,\xff\xfe\n", "csv", "UTF-8"),
        (b"key,text\na,b\n", "parquet", "Parquet"),
        (parquet(pa.table({"key": ["a"] * 1_000}))[:-200], "parquet", "damaged"),
        (b"key,text\n", "csv", "holds no rows"),
        (b"", "csv", "holds no rows"),
        (b"\n\n", "ndjson", "holds no rows"),
        (b"key,text,text\na,b,c\n", "csv", "names 'text' twice"),
        (b"key,,text\na,b,c\n", "csv", "Column 2 of the header has no name"),
        (b"name,text\na,b\n", "csv", "has no column `key`"),
        (b'key,"text\na,b\n', "csv", "header cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_so(data, format, words):
    with pytest.raises(UnreadableFile, match=words) as told:
        rows(data, format)
    assert not str(told.value).endswith("..")


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b"key;text\na;b, c\n", "csv"),
        (b"key\ttext\na\tb, c\n", "csv"),
        (b"key\ttext\na\tb, c\n", "tsv"),
        (b"key|text\na|b, c\n", "tsv"),
        (b'"key, or so";key;text\n;a;b, c\n', "tsv"),
    ],
)
def test_the_header_tells_what_separates_cells(data, format):
    row = only(data, format)
    assert (row.key, json.loads(row.body)["text"]) == ("a", "b, c")


def test_a_tab_goes_before_the_commas_of_a_header_in_a_tsv():
    assert json.loads(only(b"key\ttext, or words\na\tb\n", "tsv").body) == {"text, or words": "b"}


def test_a_quote_left_open_takes_only_its_own_lines_with_it_and_says_which():
    found = rows(b'key,text\na,one\nb,"two\nc,"three"\nd,four\n', "csv")
    assert [row if isinstance(row, BadRow) else row["key"] for _, row in found][::2] == ["a", "d"]
    assert found[1][1].message.startswith("Lines 3 to 4: a quote is not closed")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{oops}", "expecting property name enclosed in double quotes at character 2"),
        (b'{"key": 1', "at character 10"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"key": ' + b"9" * 5_000 + b"}", "a number too long"),
    ],
)
def test_a_line_that_is_no_json_is_told_by_its_character_and_in_plain_words(line, words):
    ((_, bad),) = rows(line + b"\n", "ndjson")
    assert words in bad.message
    assert "line 2" not in bad.message
    assert "recursion" not in bad.message


def test_every_code_is_explained_in_the_documents():
    table = (ROOT / "docs" / "importing.md").read_text().partition("## What can be wrong with a row")[2]
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", table.partition("The first thousand")[0])) == set(WORDS)


def test_every_code_has_its_words():
    codes = set()
    for module in (
        domain, json_text, mapping, lines, sheets, columns, arrow, elsewhere, images, fitting, services,
    ):  # fmt: skip
        codes |= set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', inspect.getsource(module)))
    told = {code for code in codes if code in WORDS} | {f"no_{f}" for f in ("key", "label", "licence")}
    told |= {f"bad_{f}" for f in ("key", "label", "licence", "payload", "attributes")}
    assert told == set(WORDS)


def test_a_parquet_file_damaged_inside_says_so():
    data = bytearray(parquet(pa.table({"key": [f"key {n}" for n in range(20_000)]})))
    data[100:20_000] = b"\xab" * 19_900
    with pytest.raises(UnreadableFile, match="damaged"):
        rows(bytes(data), "parquet")


def bomb(table, **options):
    """A file of kilobytes that stands for gigabytes."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", **options)
    assert len(sink.getvalue()) < 300_000
    return sink.getvalue()


def test_a_parquet_group_that_unpacks_to_gigabytes_is_refused():
    table = pa.table({"key": [str(n) for n in range(400)], "text": ["x" * 2**20] * 400})
    with pytest.raises(UnreadableFile, match="row_group_size"):
        rows(bomb(table, use_dictionary=False), "parquet")


def test_a_parquet_row_of_a_hundred_million_nothings_is_refused():
    nothings = pa.ListArray.from_arrays([0, 100_000_000], pa.nulls(100_000_000, pa.int8()))
    with pytest.raises(UnreadableFile, match="row_group_size"):
        rows(bomb(pa.table({"key": ["a"], "attributes": nothings})), "parquet")


def test_many_parquet_rows_that_name_one_large_value_are_read_a_few_at_a_time():
    entries = pa.array([json.dumps({"text": "x" * 7 * 2**20})])
    payload = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), entries)
    table = pa.table({"key": [f"k{n}" for n in range(5_000)], "payload": payload})
    data = bomb(table, dictionary_pagesize_limit=2**30)

    whole, own = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(own)  # what other tests of this process have taken does not count
    try:
        read = list(islice(read_rows(io.BytesIO(data), "parquet"), 3))
    finally:
        pa.set_memory_pool(whole)

    assert [len(check_row(*row).body) for row in read] == [7 * 2**20 + len('{"text":""}')] * 3
    assert 2**20 < own.max_memory() < 2**30, "2,000 rows at once would be 14 GB"


@pytest.mark.parametrize("text", [True, False])
def test_a_parquet_row_longer_than_a_row_may_be_is_one_bad_row(monkeypatch, text):
    monkeypatch.setattr(domain, "MAX_ROW", 2_000)
    payloads = [{"text": "short"}, {"text": "x" * 3_000}, {"text": "short"}]
    told = [json.dumps(payload) for payload in payloads] if text else payloads
    found = rows(parquet(pa.table({"key": ["a", "b", "c"], "payload": told})), "parquet")

    assert [raw.code for _, raw in found if isinstance(raw, BadRow)] == ["row_too_long"]
    assert [check_row(*row).key for row in (found[0], found[2])] == ["a", "c"]


def test_a_payload_that_grows_beyond_the_limit_when_it_is_written_out_is_a_bad_row(monkeypatch):
    monkeypatch.setattr(domain, "MAX_ROW", 1_000)
    assert fault({"key": "a", "payload": {"cells": [1.5e-7] * 200}}) == ("", "row_too_long")


@pytest.mark.parametrize(
    "data", ['key,text\na,"' + "x\n" * 600, "key,text\na," + "x" * 1_200, "key" + "," * 1_200]
)
def test_a_csv_row_without_end_is_not_read_into_memory(monkeypatch, data):
    monkeypatch.setattr(domain, "MAX_ROW", 1_000)
    with pytest.raises(UnreadableFile, match="longer"):
        rows(data.encode(), "csv")


def test_a_csv_file_of_many_rows_is_longer_than_one_row_may_be(monkeypatch):
    monkeypatch.setattr(domain, "MAX_ROW", 100)
    assert len(rows(b"key,text\n" + b"a,b\n" * 100, "csv")) == 100
