"""A Hugging Face dataset: Parquet by split, a card that says whose it is, and Croissant that reads it."""

from __future__ import annotations

import io
import json
import zipfile

import mlcroissant
import pyarrow.parquet as pq
import pytest
import yaml

from apps.examples.models import Payload
from apps.exchange import writing
from apps.exchange.queries import export_rows
from tests.exchange.exported import Exporter, content
from tests.turn import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def export(house):
    return Exporter(house)


@pytest.fixture
def opened(tmp_path):
    """The archive unpacked into a folder."""

    def unpack(run):
        with zipfile.ZipFile(io.BytesIO(content(run))) as archive:
            archive.extractall(tmp_path / str(run.pk))
        return tmp_path / str(run.pk)

    return unpack


def header_of(folder):
    return yaml.safe_load((folder / "README.md").read_text().split("---")[1])


def test_a_dataset_comes_by_split_with_its_hash_and_licences(house, export, opened):
    house.example("p", label="3")
    type(house.example("n", label="8", split="train")).objects.filter(key="n").update(licence="CC-BY-4.0")
    folder = opened(export(format="huggingface"))
    files = sorted(path.name for path in (folder / "data").iterdir())
    assert files == ["pool-00000-of-00001.parquet", "train-00000-of-00001.parquet"]
    assert pq.read_table(folder / "data" / files[0])["key"].to_pylist() == ["p"]
    header = header_of(folder)
    assert header["license"] == ["cc-by-4.0", "cc0-1.0"]
    assert header["configs"][0]["data_files"] == [
        {"split": "pool", "path": "data/pool-*.parquet"},
        {"split": "train", "path": "data/train-*.parquet"},
    ]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["digest"] in (folder / "README.md").read_text()
    assert manifest["splits"] == {"pool": 1, "train": 1}


def test_the_card_says_how_labels_came_about_and_what_was_purged(house, export, opened):
    turn = Turn(house)
    turn.answered()
    dataset = turn.dataset()
    Payload.objects.filter(examples__key="t00").update(body=None, purged_at=house.clock)
    card = (opened(export("dataset", "huggingface", version=dataset.digest)) / "README.md").read_text()
    assert f"Version `{dataset.digest}`" in card
    assert "people agreed" in card
    assert "The content of 1 rows was taken out on purpose" in card
    assert "- CC0-1.0:" in card


def test_a_curriculum_is_all_train_and_the_card_tells_its_stages(house, export, opened):
    curriculum = Turn(house).proposal().curriculum
    folder = opened(export("curriculum", "huggingface", version=curriculum.digest))
    assert [path.name for path in (folder / "data").iterdir()] == ["train-00000-of-00001.parquet"]
    assert f"**{curriculum.stages[0]['name']}**" in (folder / "README.md").read_text()


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("what", ["examples", "dataset"])
def test_croissant_is_valid_and_reads_every_row(house, export, opened, monkeypatch, what, parts):
    dataset = Turn(house).dataset()
    monkeypatch.setattr(writing, "SHARD_ROWS", -(-dataset.rows // parts))
    monkeypatch.setattr(export_rows, "FIRST_ROWS", 2)
    monkeypatch.setattr(export_rows, "PORTION_ROWS", 2)
    monkeypatch.setattr(export_rows, "BLOCK_ROWS", 2)
    monkeypatch.setattr(export_rows, "JOINED_ROWS", 2)
    run = export(what, "huggingface", version=dataset.digest if what == "dataset" else "")
    folder = opened(run)
    croissant = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    assert not croissant.metadata.issues.errors
    assert not croissant.metadata.issues.warnings
    found = {}
    for split, rows in run.manifest["splits"].items():
        found |= {row[f"{split}/key"].decode(): row for row in croissant.records(split)}
        assert len([key for key in found if found[key].get(f"{split}/key")]) == rows
    assert json.loads(found["t00"]["train/payload"]) == {"text": "the text of t00"}


def test_the_same_content_is_the_same_archive(house, export):
    dataset = Turn(house).dataset()
    first, second = (export("dataset", "huggingface", version=dataset.digest) for _ in range(2))
    told = [
        json.loads(zipfile.ZipFile(io.BytesIO(content(run))).read("manifest.json")) for run in (first, second)
    ]
    assert told[0]["files"] == told[1]["files"]
