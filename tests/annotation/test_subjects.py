"""What is judged, as its kind of field shows it."""

from __future__ import annotations

from typing import Any

import pytest

from apps.annotation.subjects import Pair, fields_of
from apps.projects.domain import check_protocol

PROTOCOL = check_protocol(
    {
        "fields": [{"name": "table", "kind": "table"}],
        "questions": [{"name": "fine", "kind": "choice", "target": True, "options": ["yes", "no"]}],
    }
)


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1, "b": "x"}, {"a": True, "b": None}, {"a": ["é"]}],
        [["a", "b"], [1, "x"], [True, None], [["é"], ""]],
    ],
)
def test_cells_of_a_table_read_as_the_data_has_them(rows: list[Any]) -> None:
    (field,) = fields_of(PROTOCOL, {"table": rows}, mirrored=False)
    assert field.value == {"head": ["a", "b"], "rows": [["1", "x"], ["true", ""], ['["é"]', ""]]}  # type: ignore[union-attr]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("corrected", "titles"), [(False, {""}), (True, {"Ours", "Theirs"})])
def test_sides_of_a_comparison_are_told_apart_only_where_another_question_is_about_one(
    mirrored: bool, corrected: bool, titles: set[str]
) -> None:
    target = {"name": "better", "kind": "pairwise", "target": True, "fields": ["ours", "theirs"]}
    correction = {"name": "mended", "kind": "correction", "field": "ours", "required": False}
    protocol = check_protocol(
        {
            "fields": [
                {"name": "ours", "kind": "text", "title": "Ours"},
                {"name": "theirs", "kind": "text", "title": "Theirs"},
            ],
            "questions": [target, *([correction] if corrected else [])],
        }
    )
    (pair,) = fields_of(protocol, {"ours": "a", "theirs": "b"}, mirrored=mirrored)
    assert isinstance(pair, Pair)
    assert {pair.left.title, pair.right.title} == titles
    assert pair.left.name == ("theirs" if mirrored else "ours")
