"""A Hugging Face dataset as one archive: Parquet files by split, card, Croissant metadata, manifest."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from apps.core.store import open_file
from apps.exchange.domain.card import croissant, dataset_card

CHUNK = 2**20


def write_dataset(
    sink: Any,
    manifest: dict[str, Any],
    schema: pa.Schema,
    parts: list[dict[str, Any]],
    beat: Callable[[], None],
) -> None:
    """Nothing is compressed twice: Parquet is already."""
    named = _named(parts)
    told = {
        **manifest,
        "files": [
            {"name": name, **{key: part[key] for key in ("split", "rows", "size", "sha256")}}
            for name, part in named.items()
        ],
    }
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry("README.md"), dataset_card(told, schema))
        archive.writestr(_entry("croissant.json"), _json(croissant(told, schema)))
        archive.writestr(_entry("manifest.json"), _json(told))
        for name, part in named.items():
            with archive.open(_entry(name), "w", force_zip64=True) as into, open_file(part["path"]) as source:
                while chunk := source.read(CHUNK):
                    into.write(chunk)
                    beat()


def _named(parts: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The parts by the name that the layout gives them."""
    found = {}
    for split in dict.fromkeys(part["split"] for part in parts):
        own = [part for part in parts if part["split"] == split]
        for place, part in enumerate(own):
            found[f"data/{split}-{place:05}-of-{len(own):05}.parquet"] = part
    return found


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name)  # dated 1980, so that the same content is the same archive


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
