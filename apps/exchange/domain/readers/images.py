"""A zip of images, alone or with a table of what is known of each. No name in the zip becomes a path on the disk.

With a table (CSV, NDJSON or Parquet, one in the zip) each row names its image in a column `file`, `file_name` or
`image`; without one each image is a row, its path the key and its folder the label, as in `cats/one.png`.
"""

from __future__ import annotations

import base64
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from apps.exchange.domain import rows
from apps.exchange.domain.readers.columns import parquet_rows
from apps.exchange.domain.readers.lines import ndjson_rows
from apps.exchange.domain.readers.sheets import csv_rows
from apps.exchange.domain.rows import BadRow, UnreadableFile

KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
TABLES: dict[str, Callable[[BinaryIO], Iterator[Any]]] = {
    ".csv": csv_rows,
    ".ndjson": ndjson_rows,
    ".jsonl": ndjson_rows,
    ".parquet": parquet_rows,
}
NAMES = ("file", "file_name", "image")
MOST_ENTRIES = 2_000_000
LARGEST_TABLE = 4 * 2**30
PART = 1 << 20
IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def image_rows(source: BinaryIO) -> Iterator[Any]:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableFile(f"The file is no zip, or it is cut off: {error}. Pack it again.") from error
    with archive:
        entries = [one for one in archive.infolist() if not one.is_dir() and not _is_ignored(one.filename)]
        if len(entries) > MOST_ENTRIES:
            raise UnreadableFile(f"The zip has more than {MOST_ENTRIES:,} files. Split it.")
        tables = [one for one in entries if _ending(one.filename) in TABLES]
        if len(tables) > 1:
            names = ", ".join(one.filename for one in tables[:3])
            raise UnreadableFile(f"The zip has several tables ({names}). Leave one in it.")
        yield from _from_table(archive, tables[0]) if tables else _alone(archive, entries)


def _alone(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Iterator[Any]:
    """Folders are labels where there are several, and no image outside them."""
    folders = {PurePosixPath(one.filename).parent.name for one in entries}
    labelled, reader = len(folders) > 1 and "" not in folders, _Reader(archive)
    for one in entries:
        yield reader.alone(one, labelled=labelled)


def _is_ignored(name: str) -> bool:
    return name.startswith(IGNORED) or PurePosixPath(name).name in IGNORED


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _from_table(archive: zipfile.ZipFile, table: zipfile.ZipInfo) -> Iterator[Any]:
    reader, folder = _Reader(archive), PurePosixPath(table.filename).parent
    with tempfile.TemporaryFile() as whole:
        try:
            whole.writelines(unpacked(archive, table, LARGEST_TABLE))
        except BadRow as bad:
            raise UnreadableFile(bad.message) from bad
        whole.seek(0)
        for raw in TABLES[_ending(table.filename)](whole):
            yield reader.beside(folder, raw) if isinstance(raw, dict) else raw


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """The unpacked bytes, never more than `most`, whatever the archive says of itself; raises `BadRow`."""
    name, size = entry.filename[:200], 0
    try:
        with archive.open(entry) as file:
            while part := file.read(PART):
                size += len(part)
                if size > most:
                    limit = f"{most / 2**20:,.0f} MiB"
                    raise BadRow("file", "row_too_long", f"{name!r} is larger than {limit}. Make it smaller.")
                yield part
    # zipfile raises RuntimeError for a password, NotImplementedError for a packing that it does not know
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        sentence = f"{name!r} cannot be unpacked ({error}). Pack it again, without a password."
        raise BadRow("file", "cannot_unpack", sentence) from error


class _Reader:
    """Images of one archive, as rows."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def alone(self, entry: zipfile.ZipInfo, *, labelled: bool) -> Any:
        """An image without a table."""
        try:
            row = {"key": entry.filename, "payload": {"image": self._image(entry.filename)}}
        except BadRow as bad:
            return bad
        return row | ({"label": PurePosixPath(entry.filename).parent.name} if labelled else {})

    def beside(self, folder: PurePosixPath, raw: dict[str, Any]) -> Any:
        """A table's row, with the image that it names in its payload."""
        payload = raw.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        name = next((payload[one] for one in NAMES if isinstance(payload.get(one), str)), None)
        name = name or next((raw[one] for one in NAMES if isinstance(raw.get(one), str)), None)
        if name is None:
            sentence = f"The row names no image. Name its file in a column {' or '.join(NAMES)}."
            return BadRow("file", "no_file", sentence)
        try:
            shown = {key: value for key, value in payload.items() if key not in NAMES}
            shown["image"] = self._image(str(folder / name) if str(folder) != "." else name)
        except BadRow as bad:
            return bad
        row = {key: value for key, value in raw.items() if key not in NAMES}
        return {**row, "key": raw.get("key", name), "payload": shown}

    def _image(self, name: str) -> str:
        """The image as a data URI; raises `BadRow`. Whether it is one is seen when the row is checked."""
        if name.startswith("/") or ".." in PurePosixPath(name).parts or "\\" in name:
            raise BadRow(
                "file", "bad_path", f"The path {name[:200]!r} leads out of the zip. Name a file in it."
            )
        kind = KINDS.get(_ending(name))
        if kind is None:
            raise BadRow(
                "file", "not_an_image", f"{name[:200]!r} is no PNG or JPEG. Take it out, or convert it."
            )
        try:
            entry = self._archive.getinfo(name)
        except KeyError as error:
            raise BadRow("file", "no_file", f"There is no file {name[:200]!r} in the zip. Add it.") from error
        content = b"".join(
            unpacked(self._archive, entry, rows.MAX_ROW * 3 // 4 - 1_000)
        )  # base64 makes four of three
        return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
