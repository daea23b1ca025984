"""A mapping says what each column of a file is, and makes its records into rows."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.core.errors import BadInput
from apps.exchange.domain.guessing import columns_of, guess, values_of
from apps.exchange.domain.mapping import Mapping
from apps.exchange.domain.readers import read_records, read_rows
from apps.exchange.domain.rows import BadRow, Row, UnreadableFile, check_row
from apps.projects.domain import check_protocol

SHEET = b"id,lang,body,category,part\n7,en,one,positive,train\n8,de,two,NEG,\n"
COLUMNS = {"id": "key", "body": "payload.text", "category": "label", "part": "split"}
PROTOCOL = check_protocol(
    {
        "fields": [{"name": "text", "kind": "text"}, {"name": "picture", "kind": "image"}],
        "questions": [
            {"name": "mood", "kind": "choice", "target": True, "options": ["Positive", "Negative"]}
        ],
    }
)


def mapped(
    mapping: dict[str, Any], data: bytes = SHEET, format: str = "csv", name: str = "a.csv"
) -> list[Any]:
    rows = read_rows(io.BytesIO(data), format, mapping=Mapping.of(mapping), name=name)
    return [raw if isinstance(raw, BadRow) else checked(number, raw) for number, raw in rows]


def checked(number: int, raw: Any) -> Row | BadRow:
    try:
        return check_row(number, raw)
    except BadRow as bad:
        return bad


def test_columns_become_what_the_mapping_says_and_others_are_left_out() -> None:
    first, second = mapped({"columns": COLUMNS})
    assert (first.key, first.body, first.label, first.split) == ("7", '{"text":"one"}', "positive", "train")
    assert (second.split, second.attributes) == ("pool", "{}")


def test_defaults_stand_where_a_cell_is_empty_or_no_column_is_mapped() -> None:
    defaults = {"split": "benchmark", "licence": "CC0-1.0"}
    first, second = mapped({"columns": COLUMNS, "defaults": defaults})
    assert (first.split, second.split) == ("train", "benchmark")
    assert {first.licence, second.licence} == {"CC0-1.0"}


def test_a_key_is_made_of_one_column_of_several_or_of_the_number_of_the_row() -> None:
    rest = {name: to for name, to in COLUMNS.items() if to != "key"}
    assert [
        row.key for row in mapped({"columns": {**rest, "lang": "attributes.lang"}, "key": ["lang", "id"]})
    ] == [
        "en/7",
        "de/8",
    ]
    assert [row.key for row in mapped({"columns": rest})] == ["a.csv:1", "a.csv:2"]
    assert [row.key for row in mapped({"columns": rest}, name="")] == ["row:1", "row:2"]


def test_a_part_of_a_key_that_is_empty_makes_the_row_bad() -> None:
    _, bad = mapped({"columns": COLUMNS, "key": ["id"]}, b"id,body,category,part\n1,a,,\n,b,,\n")
    assert bad.code == "no_key"
    rest = {**COLUMNS, "lang": "key"}
    (bad,) = mapped({"columns": rest}, b"id,lang,body,category,part\n7,,one,x,\n")
    assert bad.code == "no_key"


def test_labels_are_read_as_the_table_says_kept_out_or_left_as_they_are() -> None:
    labels = {"NEG": "negative", "positive": None}
    bad, good = mapped({"columns": COLUMNS, "labels": labels})
    assert (bad.code, bad.field) == ("label_kept_out", "label")
    assert good.label == "negative"
    first, _ = mapped({"columns": COLUMNS, "labels": {"positive": ""}})
    assert first.label is None


def test_numbers_are_looked_up_by_their_digits() -> None:
    line = b'{"n": 1, "text": "x", "y": 0}\n'
    mapping = {"columns": {"n": "key", "text": "payload.text", "y": "label"}, "labels": {"0": "no"}}
    (row,) = mapped(mapping, line, "ndjson")
    assert (row.key, row.label) == ("1", "no")


def test_every_format_of_columns_takes_a_mapping() -> None:
    records = [{"id": "7", "body": "one", "category": "x", "part": "train"}]
    table, sink, stream = pa.Table.from_pylist(records), io.BytesIO(), io.BytesIO()
    pq.write_table(table, sink)
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    lines = json.dumps(records[0]).encode()
    sheet = b"id\tbody\tcategory\tpart\n7\tone\tx\ttrain\n"
    first = mapped({"columns": COLUMNS}, lines, "ndjson")
    for format, data in {
        "csv": sheet.replace(b"\t", b";"), "tsv": sheet, "parquet": sink.getvalue(), "arrow": stream.getvalue(),
    }.items():  # fmt: skip
        assert mapped({"columns": COLUMNS}, data, format) == first


def test_an_object_in_a_column_is_taken_whole_and_columns_beside_it_add_to_it() -> None:
    mapping = {"columns": {"k": "key", "meta": "attributes", "n": "attributes.n", "p": "payload"}}
    (row,) = mapped(mapping, b'k,meta,n,p\na,"{""lang"": ""en""}",3,"{""text"": ""x""}"\n')
    assert (row.attributes, row.body) == ('{"lang":"en","n":"3"}', '{"text":"x"}')
    (bad,) = mapped(mapping, b"k,meta,n,p\na,{broken,3,{}\n")
    assert (bad.field, bad.code) == ("payload", "no_payload") or bad.code == "bad_json"


def test_a_line_that_is_no_object_stays_a_bad_row() -> None:
    bad, other = mapped({"columns": {"text": "payload.text"}}, b"[1]\nnope\n", "ndjson")
    assert (bad.code, other.code) == ("not_an_object", "bad_json")


def test_a_column_that_the_file_lacks_is_told_before_anything_comes_in() -> None:
    with pytest.raises(UnreadableFile, match=r"'bodies', and the file has id, lang, body"):
        mapped({"columns": {"bodies": "payload.text"}})


def test_a_column_that_turns_up_late_is_refused_where_the_mapping_is_to_be_whole() -> None:
    data = b'{"text": "a", "n": 1}\n{"text": "b", "late": 1}\n'
    mapping = {"columns": {"text": "payload.text", "n": ""}, "others": "refuse"}
    first, bad = mapped(mapping, data, "ndjson")
    assert (first.body, bad.code) == ('{"text":"a"}', "unmapped_column")
    _, second = mapped({**mapping, "others": "leave_out"}, data, "ndjson")
    assert second.body == '{"text":"b"}'


def test_a_mapping_of_names_onto_themselves_is_none() -> None:
    plain = {"key": "key", "payload": "payload", "label": "label"}
    assert Mapping.of({"columns": plain}).is_plain
    assert not Mapping.of({"columns": {**plain, "x": ""}}).is_plain
    assert not Mapping.of({"columns": {**plain, "text": "payload.text"}}).is_plain
    assert not Mapping.of({"columns": plain, "defaults": {"split": "train"}}).is_plain


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "must be a JSON object"),
        ({"column": {}}, "There is no `column`"),
        ({"columns": {"a": "payload.x", "b": "weight"}}, "'b' is mapped to 'weight'; choose one of key"),
        ({"columns": {"a": "payload."}}, "choose one of"),
        (
            {"columns": {"a": "payload.x", "b": "payload.x"}},
            "`payload.x` is made of two columns, 'a' and 'b'",
        ),
        ({"columns": {"a": "key"}}, "No column goes into the payload"),
        ({"columns": {"a": 5}}, "`columns.a` of the mapping must be a text"),
        ({"columns": {"a": "payload.x"}, "defaults": {"split": "test"}}, "The default split is 'test'"),
        ({"columns": {"a": "payload.x"}, "defaults": {"label": "x"}}, "no `label` in `defaults`"),
        ({"columns": {"a": "payload.x"}, "key": "a"}, "must be a list of columns"),
        ({"columns": {"a": "payload.x", "b": "key"}, "key": ["a"]}, "and no others"),
        ({"columns": {"a": "payload.x"}, "labels": {"x": 1}}, "`labels.x`"),
        ({"columns": {str(n): "key" for n in range(1_001)}}, "more than 1,000"),
    ],
)
def test_a_mapping_that_cannot_be_meant_says_why(given: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words.replace("(", r"\(")) as told:
        Mapping.of(given)
    assert told.value.detail["field"] == "mapping"


def test_what_is_kept_of_a_mapping_is_the_mapping() -> None:
    mapping = Mapping.of(
        {"columns": {**COLUMNS, "lang": ""}, "labels": {"NEG": None}, "defaults": {"split": "train"}}
    )
    assert "lang" not in mapping.columns
    assert mapping.left_out == ("lang",)
    assert Mapping.of(json.loads(json.dumps(mapping.given()))) == mapping


def guessed(data: bytes, protocol: Any = PROTOCOL) -> Mapping:
    records = list(read_records(io.BytesIO(data), "csv"))
    return guess(columns_of(records), records, protocol)


def test_columns_are_guessed_by_their_names() -> None:
    mapping = guessed(SHEET.replace(b"part", b"Set"))
    assert mapping.columns == {
        "id": "key",
        "lang": "attributes.lang",
        "body": "payload.text",
        "category": "label",
        "Set": "split",
    }
    assert mapping.labels == {"positive": "Positive"}


def test_a_file_that_comes_in_without_a_mapping_comes_in_the_same_by_the_guessed_one() -> None:
    sheet = b"key,text,label,split,attributes.lang,licence\na,hello,Positive,,en,\nb,more,,train,de,CC0-1.0\n"
    rows = read_rows(io.BytesIO(sheet), "csv")
    assert mapped(guessed(sheet).given(), sheet) == [check_row(number, raw) for number, raw in rows]


def test_the_longest_text_is_shown_where_no_name_tells_what_is_judged() -> None:
    mapping = guessed(b"nr,who,words\n1,me,a rather long sentence to judge\n")
    assert mapping.columns["words"] == "payload.text"
    assert mapping.columns["who"] == "attributes.who"


def test_without_a_protocol_unknown_columns_are_fields() -> None:
    assert guessed(b"id,a,b\n1,2,3\n", None).columns == {"id": "key", "a": "payload.a", "b": "payload.b"}


def test_the_target_s_own_name_is_the_label() -> None:
    assert guessed(b"id,text,mood\n1,2,3\n").columns["mood"] == "label"


def test_values_of_the_label_are_counted_most_frequent_first() -> None:
    records = [{"y": "a"}, {"y": "b"}, {"y": "b"}, {"y": None}, {"y": 3}, "no object"]
    assert values_of({"y": "label"}, records) == {"b": 2, "a": 1, "3": 1}
    assert values_of({"y": "key"}, records) == {}
