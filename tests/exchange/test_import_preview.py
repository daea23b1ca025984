"""An upload is looked at with its columns mapped, run dry, and imported."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.core.models import Event
from apps.examples.models import Example
from apps.exchange.domain.mapping import Mapping
from apps.exchange.models import ImportRun, Upload
from apps.exchange.services.imports import start_import
from apps.projects.services import add_protocol
from tests.conftest import House
from tests.exchange.test_fitting import picture

pytestmark = pytest.mark.django_db

SHEET = b"id,body,category,lang\n7,the first,3,en\n8,the second,FIVE,de\n9,,5,en\n"
HOW = {"on_conflict": "error", "stop_after": "10000", "split": "", "licence": ""}
COLUMNS = {"column-0": "key", "column-1": "payload.text", "column-2": "label", "column-3": "attributes.lang"}


@pytest.fixture
def lena(client: Client, house: House) -> Client:
    client.force_login(house.lena)
    return client


def upload(client: Client, content: bytes = SHEET, name: str = "rows.csv") -> Upload:
    file = SimpleUploadedFile(name, content)
    answer = client.post(reverse("exchange:upload", args=["digits"]), {"file": file})
    assert answer.status_code == 302, answer.content
    return Upload.objects.latest("pk")


def look(client: Client, sent: Upload, values: dict[str, str] | None = None, **query: str) -> str:
    place = reverse("exchange:preview", args=["digits", sent.pk])
    answer = client.post(place, values, HTTP_HX_REQUEST="true") if values else client.get(place, query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def start(client: Client, sent: Upload, **values: str) -> Any:
    return client.post(reverse("exchange:start", args=["digits", sent.pk]), {**HOW, **COLUMNS, **values})


def chosen(page: str, name: str) -> str:
    select = re.search(rf'name="{re.escape(name)}".*?</select>', page, re.DOTALL)
    assert select, f"nothing is asked about {name}"
    found = re.search(r'value="([^"]*)" selected', select.group())
    return found.group(1) if found else ""


def test_an_upload_is_kept_and_told_of_with_who_and_when(lena: Client, house: House) -> None:
    sent = upload(lena)
    assert (sent.name, sent.size, sent.format, sent.created_by) == ("rows.csv", len(SHEET), "csv", house.lena)
    event = Event.objects.get(kind="upload.kept")
    assert (event.object_id, event.actor, event.data["digest"]) == (str(sent.pk), house.lena, sent.digest)
    assert not Example.objects.exists()


def test_columns_are_guessed_and_the_first_rows_shown_as_they_would_come_in(lena: Client) -> None:
    page = look(lena, upload(lena))
    assert [chosen(page, f"column-{n}") for n in range(4)] == list(COLUMNS.values())
    assert "the first" in page
    assert "2 of the first 3 rows would be bad" in page
    assert "The protocol shows the field 'text', and the payload has none" in page


def test_a_value_that_is_no_option_is_asked_about_and_the_answer_redraws_the_rows(lena: Client) -> None:
    sent = upload(lena)
    assert chosen(look(lena, sent), "label:FIVE") == "-"
    part = look(lena, sent, {**HOW, **COLUMNS, "label:FIVE": "5"})
    assert part.lstrip().startswith('<div id="preview"'), "only the part that changes is drawn"
    assert chosen(part, "label:FIVE") == "5"
    assert "1 of the first 3 rows would be bad" in part


def test_another_mapping_is_shown_at_once(lena: Client) -> None:
    sent = upload(lena)
    values = {**HOW, "column-0": "", "column-1": "", "column-2": "", "column-3": "payload.text"}
    part = look(lena, sent, values)
    assert "rows.csv:1" in part
    assert "FIVE" not in part
    assert "The first 3 rows would come in" in part


def test_a_mapping_that_cannot_be_meant_is_told_in_place_of_the_rows(lena: Client) -> None:
    sent = upload(lena)
    part = look(lena, sent, {**HOW, **COLUMNS, "column-3": "label"})
    assert "`label` is made of two columns, 'category' and 'lang'" in part
    answer = start(lena, sent, **{"column-3": "label"})
    assert answer.status_code == 422
    assert "`label` is made of two columns" in html.unescape(answer.content.decode())
    assert not ImportRun.objects.exists()


def test_drawing_anew_changes_nothing(lena: Client) -> None:
    sent = upload(lena)
    before = Event.objects.count()
    look(lena, sent, {**HOW, **COLUMNS})
    assert (Event.objects.count(), ImportRun.objects.count()) == (before, 0)


def test_an_import_follows_the_mapping_and_its_page_shows_it(lena: Client, house: House) -> None:
    values = {"label:FIVE": "5", "split": "train", "licence": "CC0-1.0", "stop_after": "7"}
    answer = start(lena, upload(lena), **values)
    run = house.work(ImportRun.objects.get())
    assert answer["Location"] == reverse("exchange:run", args=["digits", run.pk])
    assert (run.name, run.stop_after, run.rows_created, run.rows_bad, run.dry_run) == (
        "rows.csv",
        7,
        2,
        1,
        False,
    )
    second = Example.objects.get(key="8")
    assert (second.label, second.split, second.licence, second.attributes) == (
        "5",
        "train",
        "CC0-1.0",
        {"lang": "de"},
    )
    page = lena.get(answer["Location"]).content.decode()
    assert "payload.text" in page
    assert "stops after 7 bad rows" in page


def test_a_dry_run_leads_to_the_import_in_earnest(lena: Client, house: House) -> None:
    sent = upload(lena)
    start(lena, sent, dry_run="1")
    dry = house.work(ImportRun.objects.get())
    assert (dry.dry_run, dry.rows_created, Example.objects.count()) == (True, 1, 0)
    page = lena.get(reverse("exchange:run", args=["digits", dry.pk])).content.decode()
    assert "A dry run writes nothing" in page
    assert f"{reverse('exchange:preview', args=['digits', sent.pk])}?again" in page

    answer = lena.post(reverse("exchange:import_now", args=["digits", dry.pk]))

    run = house.work(ImportRun.objects.get(dry_run=False))
    assert answer["Location"] == reverse("exchange:run", args=["digits", run.pk])
    assert (run.mapping, run.rows_created, Example.objects.count()) == (dry.mapping, 1, 1)
    again = lena.post(reverse("exchange:import_now", args=["digits", run.pk]))
    assert again.status_code == 409


def test_the_last_mapping_that_fits_the_columns_is_offered(lena: Client) -> None:
    sent = upload(lena)
    assert "?again" not in look(lena, sent)
    start(lena, sent, **{"column-3": "", "label:FIVE": "5", "licence": "CC0-1.0"})
    other, same = upload(lena, b"words\nx\n"), upload(lena, SHEET + b"10,x,3,fr\n", "more.csv")

    assert "?again" not in look(lena, other)
    assert chosen(look(lena, same), "column-3") == "attributes.lang"
    page = look(lena, same, again="")
    assert (chosen(page, "column-3"), chosen(page, "label:FIVE")) == ("", "5")
    assert 'value="CC0-1.0"' in page


def test_rows_that_are_named_as_rows_are_need_no_mapping(lena: Client, house: House) -> None:
    sent = upload(lena, b'{"key": "a", "payload": {"text": "x"}}\n', "a.ndjson")
    start(lena, sent, **{"column-0": "key", "column-1": "payload"})
    assert ImportRun.objects.get().mapping is None


def test_pictures_are_shown_and_what_is_no_picture_is_told(lena: Client, house: House) -> None:
    fields = [{"name": "image", "kind": "image", "title": "Digit"}]
    body = {**house.project.protocol.body, "fields": fields}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.later(hours=1), mapping={})
    page = look(lena, upload(lena, f'id,img\n1,"{picture()}"\n2,https://elsewhere/x.png\n'.encode()))
    assert f'src="{picture()}"' in page
    assert 'src="https://elsewhere' not in page, "a page of ours loads nothing from elsewhere"
    assert "is not an image" in page


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"not parquet", "a.parquet", "not Parquet"),
        (b"key,text\n", "a.csv", "holds no rows"),
        (b"\xff\xfe", "a.csv", "not UTF-8"),
        (b"a,a\n1,2\n", "a.csv", "names 'a' twice"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_is_not_imported(
    lena: Client, content: bytes, name: str, words: str
) -> None:
    sent = upload(lena, content, name)
    page = look(lena, sent)
    assert words in page
    assert "Dry run" not in page
    assert start(lena, sent).status_code == 422
    assert not ImportRun.objects.exists()


def test_a_file_that_is_gone_from_the_store_says_so(lena: Client, house: House) -> None:
    sent = upload(lena)
    Upload.objects.update(digest="0" * 64)
    assert "not in the store any more" in look(lena, sent)


def test_lines_that_are_no_objects_are_shown_as_bad_rows(lena: Client) -> None:
    page = look(lena, upload(lena, b"[1]\nnope\n", "a.ndjson"))
    assert "The line is not JSON" in page
    assert "2 of the first 2 rows would be bad" in page


def test_odd_names_and_values_are_shown_and_sent_back_whole(lena: Client, house: House) -> None:
    content = b'key,"a ""b"" <c>",y\n1,x,"<""3"">"\n'
    sent = upload(lena, content)
    page = look(lena, sent)
    assert (
        chosen(lena.get(reverse("exchange:preview", args=["digits", sent.pk])).content.decode(), "column-0")
        == "key"
    )
    assert 'a "b" <c>' in page
    start(lena, sent, **{"column-1": "payload.text", "column-2": "label", "column-3": "", 'label:<"3">': "3"})
    assert house.work(ImportRun.objects.get()).rows_created == 1


def test_exports_of_other_tools_are_shown_and_need_no_mapping(lena: Client, house: House) -> None:
    sent = upload(lena, b'{"id": 1, "text": "from elsewhere", "label": ["3"]}\n', "a.jsonl")
    Upload.objects.update(format="doccano")
    page = look(lena, sent)
    assert "from elsewhere" in page
    assert "Split where none is given" not in page
    assert lena.post(reverse("exchange:start", args=["digits", sent.pk]), HOW).status_code == 302
    run = house.work(ImportRun.objects.get())
    assert (run.format, run.mapping, run.rows_created) == ("doccano", None, 1)


@pytest.mark.parametrize("value", ["0", "x", "", "99999999999"])
def test_a_cap_that_cannot_be_meant_is_refused(lena: Client, value: str) -> None:
    answer = start(lena, upload(lena), stop_after=value)
    assert answer.status_code == 422
    assert not ImportRun.objects.exists()


def test_a_mapping_may_be_as_long_as_a_sheet_is_wide(lena: Client) -> None:
    names = [f"column number {n}" for n in range(300)]
    sent = upload(lena, (",".join(names) + "\n" + ",".join("x" * 300) + "\n").encode())
    values = {f"column-{n}": f"payload.field {n}" for n in range(1, 300)}
    page = look(lena, sent, {**HOW, **values, "column-0": "payload.text"})
    assert "The first 1 row would come in" in page


def test_what_came_in_by_the_api_has_no_upload_to_go_back_to(lena: Client, house: House) -> None:
    how = {"project": house.project, "by": house.lena, "at": house.clock, "format": "csv", "dry_run": True}
    run = house.work(start_import(chunks=[b"key,text\na,x\n"], **how))
    page = lena.get(reverse("exchange:run", args=["digits", run.pk])).content.decode()
    assert "Import now" in page
    assert "Change the mapping" not in page


def test_a_kept_mapping_can_always_be_read_again(lena: Client, house: House) -> None:
    start(lena, upload(lena), **{"label:FIVE": "-"})
    run = ImportRun.objects.get()
    assert Mapping.of(run.mapping).given() == run.mapping
