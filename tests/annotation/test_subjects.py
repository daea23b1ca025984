"""What is judged, as its kind of field shows it."""

from __future__ import annotations

from typing import Any

import pytest

from apps.annotation.subjects import fields_of
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
