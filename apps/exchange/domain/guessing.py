"""A first mapping for the columns of a file, by their names and first values; people change what it got wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from apps.exchange.domain.mapping import PARTS, Mapping, as_label
from apps.exchange.domain.rows import KNOWN
from apps.projects.domain import classes_of, target_of
from apps.projects.domain.fields import TEXTS

NAMES = {
    "key": ("id", "_id", "uid", "uuid", "guid", "example_id", "row_id", "doc_id", "document_id", "example"),
    "label": ("labels", "category", "class", "target", "gold", "y", "answer", "intent", "sentiment", "tag"),
    "split": ("set", "partition", "subset", "fold"),
    "licence": ("license", "rights"),
}
FIELDS = {
    "image": ("image", "img", "picture", "photo", "image_data"),
    "chat": ("chat", "messages", "conversation", "turns", "dialogue"),
    "table": ("table", "rows"),
    "text": ("text", "body", "content", "sentence", "document", "message", "review", "comment", "prompt",
             "question", "utterance", "headline", "abstract", "completion", "response", "output", "txt"),
}  # fmt: skip
LABELS_SHOWN = 50


def columns_of(records: Iterable[Any]) -> list[str]:
    """Every column that the records have, in their order."""
    return list(dict.fromkeys(name for record in records if isinstance(record, dict) for name in record))


def guess(columns: list[str], records: list[Any], protocol: dict[str, Any] | None) -> Mapping:
    """Each column by its name; the longest text for the first field where no name tells it; others are attributes."""
    free = {one["name"]: one["kind"] for one in protocol["fields"]} if protocol else {}
    found: dict[str, str] = {}
    for by in (_as_it_is, _as_they_say):
        for name in columns:
            if name not in found and (to := by(name, free, protocol)) and to not in found.values():
                found[name] = to
                free.pop(to.partition(".")[2], None)
    rest = [name for name in columns if name not in found]
    if free and not any(to.partition(".")[0] == "payload" for to in found.values()):
        longest = max(rest, key=lambda name: _length(name, records), default=None)
        if longest is not None:
            found[longest] = f"payload.{next(iter(free))}"
    for name in rest:
        found.setdefault(name, _other(name, records, protocol))
    ordered = {name: found[name] for name in columns if found[name]}
    key = tuple(name for name in ordered if ordered[name] == "key")
    labels = guess_labels(values_of(ordered, records), protocol)
    left_out = tuple(name for name in columns if not found[name])
    return Mapping(ordered, key, labels, left_out=left_out, strict=True)


def _as_it_is(name: str, free: dict[str, str], protocol: Any) -> str:
    """What imports without a mapping take the name for."""
    part, _, rest = name.partition(".")
    if name in KNOWN or (part in PARTS and rest):
        return name
    return f"payload.{name}" if name in free else ""


def _as_they_say(name: str, free: dict[str, str], protocol: Any) -> str:
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    if field := next((one for one in free if one.lower() == plain), ""):
        return f"payload.{field}"
    if protocol and plain == target_of(protocol)["name"].lower():
        return "label"
    if to := next((to for to, names in NAMES.items() if plain == to or plain in names), ""):
        return to
    kind = next((kind for kind, names in FIELDS.items() if plain in names), "")
    kinds = TEXTS if kind == "text" else (kind,)
    field = next((one for one in free if free[one] in kinds), "")
    return f"payload.{field}" if field else ""


def _other(name: str, records: list[Any], protocol: Any) -> str:
    """Columns that nothing is known of: fields while there is no protocol, else attributes, where they can be."""
    if not protocol:
        return f"payload.{name}"
    nested = any(isinstance(r.get(name), dict | list) for r in records if isinstance(r, dict))
    return "" if nested else f"attributes.{name}"


def _length(name: str, records: list[Any]) -> int:
    texts = [record.get(name) for record in records if isinstance(record, dict)]
    return sum(len(text) for text in texts if isinstance(text, str))


def values_of(columns: dict[str, str], records: list[Any]) -> dict[str, int]:
    """The values of the label's column in these records with how often they stand there, most frequent first."""
    name = next((name for name, to in columns.items() if to == "label"), None)
    cells = [record.get(name) for record in records if isinstance(record, dict)] if name else []
    told = [as_label(cell) for cell in cells if isinstance(cell, str | int) and cell != ""]
    return dict(Counter(told).most_common(LABELS_SHOWN))


def guess_labels(values: Iterable[str], protocol: dict[str, Any] | None) -> dict[str, str | None]:
    """Values that are an option but for case and space."""
    if not protocol:
        return {}
    options = {option.strip().lower(): option for option in classes_of(protocol)}
    alike = {value: options.get(value.strip().lower()) for value in values}
    return {value: option for value, option in alike.items() if option is not None and option != value}
