"""Zips of images: with a table, by folders, and all that can be wrong with a zip."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from PIL import Image

from apps.exchange.domain.fitting import Fit
from apps.exchange.domain.readers import images, read_rows
from apps.exchange.domain.rows import BadRow, UnreadableFile, check_row
from apps.projects.domain import check_protocol

PROTOCOL = check_protocol(
    {
        "fields": [{"name": "image", "kind": "image"}],
        "questions": [{"name": "animal", "kind": "choice", "target": True, "options": ["cats", "dogs"]}],
    }
)


def picture(shade=0):
    sink = io.BytesIO()
    Image.new("L", (8, 8), shade).save(sink, "PNG")
    return sink.getvalue()


def packed(files, **how):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", **how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def read(data):
    return [raw for _, raw in read_rows(io.BytesIO(data), "images")]


def fault(raw):
    with pytest.raises(BadRow) as told:
        fits(raw)
    return told.value.code


def fits(raw):
    row = check_row(1, raw)
    Fit.to(PROTOCOL).check(raw["payload"], row.label)
    return row


def test_folders_are_labels_where_there_are_several():
    found = read(packed({"cats/a.png": picture(), "dogs/b.PNG": picture(9), "__MACOSX/cats/._a.png": b"x"}))
    rows = [fits(raw) for raw in found]
    assert [(row.key, row.label) for row in rows] == [("cats/a.png", "cats"), ("dogs/b.PNG", "dogs")]


def test_one_folder_is_no_label():
    assert "label" not in read(packed({"all/a.png": picture(), "all/b.png": picture(1)}))[0]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("metadata.csv", "file_name,label,lang\nimg/a.png,cats,en\nimg/b.png,dogs,de\n"),
        (
            "rows.jsonl",
            '{"file": "img/a.png", "key": "img/a.png", "label": "cats", "payload": {"lang": "en"}}\n',
        ),
    ],
)
def test_a_table_says_what_is_known_of_each_image(name, table):
    if name.endswith("csv"):
        table = table.replace("file_name", "key,file_name").replace("img/a", "img/a.png,img/a").replace(
            "img/b", "img/b.png,img/b"
        )  # fmt: skip
    found = read(packed({name: table, "img/a.png": picture(), "img/b.png": picture(1)}))
    row = check_row(1, found[0])
    body = json.loads(row.body)
    assert (row.key, row.label, body["lang"]) == ("img/a.png", "cats", "en")
    assert body["image"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("cats/a.png", b"no image", "damaged_image"),
        ("cats/notes.txt", b"no image", "not_an_image"),
        ("../cats/a.png", picture(), "bad_path"),
        ("/etc/a.png", picture(), "bad_path"),
    ],
)
def test_what_is_no_image_of_the_zip_is_one_bad_row(name, content, code):
    first, bad = read(packed({"dogs/good.png": picture(), name: content}))
    assert check_row(1, first).label == "dogs"
    assert fault(bad) == code


def test_a_row_whose_image_is_not_there_is_one_bad_row():
    first, second, third = read(packed({"t.csv": "key,file\na,a.png\nb,b.png\nc,\n", "a.png": picture()}))
    assert check_row(1, first).key == "a"
    assert (fault(second), fault(third)) == ("no_file", "no_file")


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("apps.exchange.domain.rows.MAX_ROW", 100_000)
    data = packed({"a.png": picture(), "b.png": b"\0" * 50_000_000}, compression=zipfile.ZIP_DEFLATED)
    assert len(data) < 100_000
    good, bad = read(data)
    assert check_row(1, good).key == "a.png"
    assert fault(bad) == "row_too_long"


def test_a_table_that_is_a_bomb_ends_the_import(monkeypatch):
    monkeypatch.setattr(images, "LARGEST_TABLE", 1_000)
    with pytest.raises(UnreadableFile, match="larger than"):
        read(packed({"t.csv": "key,file\n" + "a,a.png\n" * 1_000, "a.png": picture()}))


def test_a_damaged_entry_is_one_bad_row():
    data = packed({"a.png": picture(), "b.png": picture(3)})
    at = data.index(b"IDAT")
    broken = data[:at] + b"\xff\xff" + data[at + 2 :]
    assert next(raw if isinstance(raw, dict) else raw.code for raw in read(broken)) == "cannot_unpack"


@pytest.mark.parametrize(("place", "value"), [(6, 1), (8, 99)], ids=["a password", "an unknown packing"])
def test_an_entry_that_needs_what_we_do_not_have_is_one_bad_row(place, value):
    data = bytearray(packed({"a.png": picture()}))
    for start, offset in ((data.index(b"PK\3\4"), place), (data.index(b"PK\1\2"), place + 2)):
        data[start + offset] = value
    (bad,) = read(bytes(data))
    assert fault(bad) == "cannot_unpack"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no zip", "no zip"),
        (packed({"a.png": picture()})[:-30], "no zip"),
        (packed({"a.csv": "key\n", "b.csv": "key\n"}), "several tables"),
        (packed({}), "no rows"),
    ],
)
def test_a_zip_that_cannot_be_read_at_all_says_so(data, words):
    with pytest.raises(UnreadableFile, match=words):
        read(data)
