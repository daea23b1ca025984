"""What was exported comes in again as it was: the same content has the same hash, whatever it holds."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.exchange.models import ExportRun
from apps.exchange.services.imports import start_import
from apps.projects.models import Project
from apps.projects.services import create_project
from tests.exchange.exported import Exporter, content, objects

pytestmark = pytest.mark.django_db

WORDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=12)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
NAMES = WORDS.filter(str.strip)
ROWS = st.fixed_dictionaries(
    {"payload": st.dictionaries(WORDS, VALUES, min_size=1, max_size=4)},
    optional={
        "label": st.none() | NAMES,
        "split": st.sampled_from(["pool", "train", "benchmark"]),
        "attributes": st.none()
        | st.dictionaries(WORDS, st.none() | st.booleans() | NUMBERS | WORDS, max_size=3),
        "licence": st.none() | NAMES,
    },
)
KINDS = {"parquet": "parquet", "jsonl": "ndjson"}


def bare(house, slug):
    """An empty project without a protocol: any content fits."""
    project = create_project(slug=slug, name=slug, by=house.ada, at=house.clock)
    assert project.protocol is None
    return project


def bring(house, project, data, format):
    values = {"project": project, "by": house.ada, "at": timezone.now(), "chunks": [data], "format": format}
    return house.work(start_import(**values))


def taken(house, project, format) -> ExportRun:
    values = {"project": project, "by": house.ada, "benchmark": True}
    return Exporter(house)(format=format, **values)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(rows=st.dictionaries(NAMES, ROWS, min_size=1, max_size=6), format=st.sampled_from(sorted(KINDS)))
def test_odd_values_come_back_as_they_were(house, rows, format):
    Project.objects.filter(slug__in=["first", "second"]).delete()
    first, second = bare(house, "first"), bare(house, "second")
    lines = "".join(json.dumps({"key": key, **row}, ensure_ascii=False) + "\n" for key, row in rows.items())
    came = bring(house, first, lines.encode(), "ndjson")
    assert came.rows_bad == 0, list(came.problems.values_list("message", flat=True))

    out = taken(house, first, format)
    back = bring(house, second, content(out), KINDS[format])
    again = taken(house, second, format)

    assert back.rows_bad == 0, list(back.problems.values_list("message", flat=True))
    assert out.rows == again.rows == len(rows)
    assert again.digest == out.digest
    if format == "jsonl":
        assert content(again) == content(out)


def test_what_is_odd_is_really_in_the_file(house):
    project = bare(house, "first")
    text = 'line\nfeed, "quotes", tab\t, \u2028, 🙂, é, e\u0301'
    example = house.example(text, label="«l»", **{"": "", "a": "\\u0000 as text"})
    type(example).objects.filter(pk=example.pk).update(project=project)
    (row,) = objects(taken(house, project, "jsonl"))
    assert (row["key"], row["label"]) == (text, "«l»")
    assert row["attributes"] == {"": "", "a": "\\u0000 as text"}
