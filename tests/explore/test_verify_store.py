"""`manage.py verify_store` finds a flipped byte, a missing table and a damaged folder."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.core.store import Stored, put_folder, write_table
from apps.registry.models import ModelVersion, PredictionSet
from tests.conftest import House

pytestmark = pytest.mark.django_db
SCHEMA = pa.schema([("key", pa.string()), ("probs", pa.list_(pa.float32()))])


@pytest.fixture
def stored(house: House) -> Stored:
    rows = [{"key": f"k{i}", "probs": [i / 50, 1 - i / 50]} for i in range(50)]
    stored = write_table("predictions", [pa.RecordBatch.from_pylist(rows, schema=SCHEMA)], schema=SCHEMA)
    folder = Path(settings.WORK_DIR)
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"weights")
    put_folder("models", "m" * 64, folder, ["weights"])
    model = ModelVersion.objects.create(
        project=house.project, number=1, digest="m" * 64, recipe="r", classes=["3"], created_at=house.clock
    )
    PredictionSet.objects.create(
        project=house.project, model=model, purpose="pool", digest=stored.digest, rows=50,
        classes=["3"], created_at=house.clock,
    )  # fmt: skip
    return stored


def place(kind: str, digest: str, name: str) -> Path:
    return Path(settings.STORE_URL) / kind / digest[:2] / digest / name


def trouble() -> str:
    errors = io.StringIO()
    with pytest.raises(CommandError, match="1 thing damaged or missing"):
        call_command("verify_store", stderr=errors)
    return errors.getvalue()


def test_a_whole_store_passes(stored: Stored) -> None:
    said = io.StringIO()

    call_command("verify_store", stdout=said)

    assert "All 2 tables and folders" in said.getvalue()


@pytest.mark.parametrize("where", [0.3, 0.5, 0.9])
def test_a_flipped_byte_is_found(stored: Stored, where: float) -> None:
    path = place("predictions", stored.digest, "rows.parquet")
    content = bytearray(path.read_bytes())
    content[int(len(content) * where)] ^= 0xFF
    path.write_bytes(content)

    assert f"predictions/{stored.digest}" in trouble()


def test_a_table_the_database_names_but_the_store_lacks_is_found(stored: Stored) -> None:
    folder = place("predictions", stored.digest, "")
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()

    assert "missing, though the database names it" in trouble()


def test_changed_weights_are_found(stored: Stored) -> None:
    place("models", "m" * 64, "weights").write_bytes(b"Weights")

    assert "its content does not match its address" in trouble()
