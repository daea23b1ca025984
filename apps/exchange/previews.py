"""The first rows of an upload as they would come in under a mapping, and what is wrong with them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from apps.annotation.subjects import Field, Pair, fields_of
from apps.annotation.tiles import excerpt_of
from apps.core.store import open_stream
from apps.exchange.domain.causes import WORDS
from apps.exchange.domain.fitting import Fit
from apps.exchange.domain.guessing import columns_of
from apps.exchange.domain.mapping import MAPPED, Mapping
from apps.exchange.domain.readers import READERS, read_records
from apps.exchange.domain.rows import BadRow, UnreadableFile, check_row
from apps.exchange.models import Upload

READ, CHECKED, SHOWN = 1_000, 200, 10  # rows looked at for columns and labels; held against the rules; shown
MOST = 32 * 2**20  # characters of the texts in all records that are looked at
THUMB = 400_000  # characters of a picture that a page of ten may hold
SAMPLES, EXCERPT = 3, 60


@dataclass(frozen=True)
class Sample:
    """The beginning of a file: records (column → value, or `BadRow`), their columns, or why it cannot be read."""

    records: list[Any]
    columns: list[str]
    problem: str = ""

    def examples(self, column: str) -> list[str]:
        """A few different values of a column, short."""
        cells = (record.get(column) for record in self.records if isinstance(record, dict))
        return list(dict.fromkeys(short(cell) for cell in cells if cell not in (None, "")))[:SAMPLES]

    def nests(self, column: str) -> bool:
        """Whether the column holds objects."""
        cells = (record.get(column) for record in self.records if isinstance(record, dict))
        return any(isinstance(c, dict) or (isinstance(c, str) and c.startswith("{")) for c in cells)


@dataclass(frozen=True)
class Line:
    """One row as it would come in; `picture` and `text` are what the card would show of it."""

    number: int
    key: str = ""
    picture: str = ""
    text: str = ""
    label: str = ""
    split: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    licence: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Preview:
    lines: list[Line] = field(default_factory=list)
    checked: int = 0
    bad: int = 0
    causes: list[tuple[str, int]] = field(default_factory=list)


def sample_of(upload: Upload) -> Sample:
    """Never raises: why a file cannot be read is what the page shows."""
    records, size, mapped = list[Any](), 0, upload.format in MAPPED
    try:
        with open_stream("uploads", upload.digest) as source:
            rows = read_records(source, upload.format) if mapped else READERS[upload.format](source)
            for record in rows:
                records.append(record)
                size += _size(record)
                if len(records) >= READ or size > MOST:
                    break
    except UnreadableFile as error:
        return Sample(records, [], str(error))
    except OSError:
        return Sample([], [], "The file is not in the store any more. Send it again.")
    if not records:
        return Sample([], [], "The file holds no rows. Add at least one and send it again.")
    return Sample(records, columns_of(records) if mapped else [])


def _size(record: Any) -> int:
    """Characters of its texts, near enough."""
    if not isinstance(record, dict):
        return 0
    payload = record.get("payload")
    cells = [*record.values(), *(payload.values() if isinstance(payload, dict) else ())]
    return sum(len(cell) for cell in cells if isinstance(cell, str))


def preview_of(
    sample: Sample, *, mapping: Mapping | None, name: str, protocol: dict[str, Any] | None
) -> Preview:
    """The first rows, each with its first fault; doubles among them are told like the import tells them."""
    fit, shape = Fit.to(protocol) if protocol else None, mapping.shape(name) if mapping else _as_it_is
    bare = (
        replace(mapping, labels={}).shape(name) if mapping else _as_it_is
    )  # of a row kept out for its label
    lines, causes, keys = [], Counter[str](), set[str]()
    checked = list(enumerate(sample.records[:CHECKED], start=1))
    for number, record in checked:
        raw = shape(number, record)
        bad = _fault(number, raw, fit, keys)
        if bad:
            causes[bad.code] += 1
        if number <= SHOWN:
            shown = bare(number, record) if isinstance(raw, BadRow) else raw
            lines.append(_line(number, shown, protocol, bad))
    told = [(WORDS.get(code, code), n) for code, n in causes.most_common()]
    return Preview(lines, len(checked), causes.total(), told)


def _as_it_is(_: int, record: Any) -> Any:
    return record


def _fault(number: int, raw: Any, fit: Fit | None, keys: set[str]) -> BadRow | None:
    try:
        row = check_row(number, raw)
        if fit:
            fit.check(raw["payload"], row.label)
        if row.key in keys:
            raise BadRow("key", "duplicate_key", f"The key {row.key[:60]!r} stands twice in this file.")
    except BadRow as bad:
        return bad
    keys.add(row.key)
    return None


def _line(number: int, raw: Any, protocol: dict[str, Any] | None, bad: BadRow | None) -> Line:
    fault = bad.message if bad else ""
    if not isinstance(raw, dict):
        return Line(number, fault=fault)
    payload, attributes = raw.get("payload"), raw.get("attributes")
    shown = _fields(payload, protocol)
    picture = next((str(one.value) for one in shown if isinstance(one, Field) and one.kind == "image"), "")
    rest = [one for one in shown if isinstance(one, Pair) or one.kind != "image"]
    text = excerpt_of(rest) if rest else "" if shown else short(payload, longest=200)
    if picture and not picture.startswith("data:image/"):  # a page of ours loads nothing from elsewhere
        picture, text = "", f"{short(picture)} {text}".strip()
    elif len(picture) > THUMB:
        picture, text = "", f"a picture too large to be shown here {text}".strip()
    return Line(
        number,
        key=short(raw.get("key")),
        picture=picture,
        text=text,
        label=short(raw.get("label")),
        split=short(raw.get("split") or "pool"),
        attributes=tuple(_pairs(attributes)) if isinstance(attributes, dict) else (),
        licence=short(raw.get("licence")),
        fault=fault,
    )


def _fields(payload: Any, protocol: dict[str, Any] | None) -> list[Field | Pair]:
    if not protocol or not isinstance(payload, dict) or not payload:
        return []
    return fields_of(protocol, payload, mirrored=False)


def _pairs(attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in list(attributes.items())[:8]:
        yield str(name)[:EXCERPT], short(value)


def short(value: Any, *, longest: int = EXCERPT) -> str:
    """A value in few enough words for a cell."""
    if value is None or isinstance(value, BadRow):
        return ""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = str(type(value).__name__)
    text = " ".join(text[: 4 * longest].split()).encode(errors="replace").decode()
    return text if len(text) <= longest else f"{text[:longest].rstrip()}…"
