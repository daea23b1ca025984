"""`manage.py import`: from a path or an address, in this process, as a named person."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.core.models import Event
from apps.examples.models import Example
from apps.exchange.models import ImportRun
from tests.conftest import House

pytestmark = pytest.mark.django_db

GOOD = b"key,text,label\na,one,3\nb,two,5\n"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_bytes(GOOD)
    return path


def bring(place: Any, **options: Any) -> str:
    out = io.StringIO()
    person = options.pop("person", "lena")
    call_command("import", "digits", str(place), "--as", person, stdout=out, **options)
    return out.getvalue()


def test_a_path_is_imported_as_the_named_person(house: House, sheet: Path) -> None:
    told = bring(sheet)
    run = ImportRun.objects.get()
    assert (run.state, run.name, run.created_by, run.rows_created) == ("done", "rows.csv", house.lena, 2)
    assert "2 rows read, 2 new, 0 changed, 0 skipped, 0 bad." in told
    assert Event.objects.get(kind="import.started").actor == house.lena


def test_an_address_is_imported(house: House, sheet: Path) -> None:
    bring(sheet.as_uri())
    assert Example.objects.count() == 2


def test_bad_rows_end_it_with_their_causes_and_the_place_to_read_about_them(
    house: House, sheet: Path
) -> None:
    sheet.write_bytes(GOOD + b",three,3\n")
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"1 row was bad.*http.*/p/digits/imports/\d+/") as ended:
        call_command("import", "digits", str(sheet), "--as", "lena", stdout=out)
    assert ended.value.returncode == 1
    assert "no key: 1" in out.getvalue()
    assert Example.objects.count() == 2, "good rows are in"


def test_a_dry_run_says_so_and_writes_nothing(house: House, sheet: Path) -> None:
    assert "Dry run, nothing written: 2 rows read, 2 new" in bring(sheet, dry_run=True)
    assert not Example.objects.exists()


@pytest.mark.parametrize("as_file", [True, False])
def test_a_mapping_is_json_or_a_file_of_it(house: House, sheet: Path, tmp_path: Path, as_file: bool) -> None:
    mapping = json.dumps({"columns": {"key": "attributes.nr", "text": "payload.text"}})
    (tmp_path / "mapping.json").write_text(mapping)
    bring(sheet, mapping=str(tmp_path / "mapping.json") if as_file else mapping)
    assert set(Example.objects.values_list("key", flat=True)) == {"rows.csv:1", "rows.csv:2"}


def test_too_many_bad_rows_stop_it(house: House, sheet: Path) -> None:
    sheet.write_bytes(b"key,text\n" + b",x\n" * 5)
    with pytest.raises(CommandError, match="Stopped after 5 bad rows"):
        bring(sheet, stop_after=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"person": "erin"}, "needs a lead or an admin"),
        ({"person": "nobody"}, "There is no user 'nobody'"),
        ({"mapping": "nowhere.json"}, "neither JSON nor a file"),
        ({"mapping": "{oops"}, "The mapping is not right"),
        ({"mapping": '{"columns": {}}'}, "No column goes into the payload"),
        ({"stop_after": 0}, "`stop_after` must be a number from 1"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_kept(
    house: House, sheet: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        bring(sheet, **change)
    assert not ImportRun.objects.exists()


def test_a_file_that_is_not_there_or_of_an_unknown_kind_is_told(house: House, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        bring(tmp_path / "gone.csv")
    with pytest.raises(CommandError, match="cannot be read"):
        bring("nowhere://bucket/rows.csv")
    with pytest.raises(CommandError, match="does not tell the format"):
        bring(tmp_path / "rows.dat")
    with pytest.raises(CommandError, match="There is no project 'elsewhere'"):
        call_command("import", "elsewhere", __file__, "--as", "lena", "--format", "csv")
