"""What other annotation tools export, as rows of an import: Label Studio, doccano, Argilla.

An example gets the one label on which all its annotations agree as its given label, else none. Spans, ratings and
texts that people wrote are answers to a protocol, not labels: they do not come in with the examples.

Sources: the export formats as labelstud.io/guide/export (JSON and JSON_MIN), doccano's JSONL, and Argilla 2's
`records.to_json()` have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from apps.exchange.domain.readers.objects import json_objects
from apps.exchange.domain.rows import BadRow, canonical

MIN_OWN = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}  # of JSON_MIN's rows


def label_studio_rows(source: BinaryIO) -> Iterator[Any]:
    return map(_shaped(_label_studio), json_objects(source))


def doccano_rows(source: BinaryIO) -> Iterator[Any]:
    return map(_shaped(_doccano), json_objects(source))


def argilla_rows(source: BinaryIO) -> Iterator[Any]:
    return map(_shaped(_argilla), json_objects(source))


def _shaped(shape: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    """What is no object, and what lacks its format's parts, is told as a bad row."""

    def one(found: Any) -> Any:
        if not isinstance(found, dict):
            return (
                found if isinstance(found, BadRow) else BadRow("", "not_an_object", "The entry is no object.")
            )
        try:
            return {name: value for name, value in shape(found).items() if value is not None}
        except BadRow as bad:
            return bad
        except (AttributeError, KeyError, TypeError) as error:
            sentence = f"The entry is not built as this format's are ({type(error).__name__}: {error})."
            return BadRow("", "not_of_this_format", sentence)

    return one


def _label_studio(task: dict[str, Any]) -> dict[str, Any]:
    if "data" not in task:
        return _label_studio_min(task)
    kept = [one for one in task.get("annotations", []) if not one.get("was_cancelled")]
    said: dict[str, list[Any]] = {}
    for result in (result for one in kept for result in one.get("result", [])):
        if result.get("type") == "choices":
            said.setdefault(result["from_name"], []).extend(result["value"]["choices"])
    label = agreed(*said.values()) if len(said) == 1 else None
    payload = task["data"]
    return {
        "key": _key(task.get("id"), payload),
        "payload": payload,
        "label": label,
        "attributes": _scalars(task.get("meta")),
    }


def _label_studio_min(task: dict[str, Any]) -> dict[str, Any]:
    """A row of JSON_MIN holds data and answers side by side; nothing tells which is which, so all is payload."""
    payload = {name: value for name, value in task.items() if name not in MIN_OWN}
    return {"key": _key(task.get("id"), payload), "payload": payload}


def _doccano(entry: dict[str, Any]) -> dict[str, Any]:
    payload = {"text": entry["text"]}
    labels = entry.get("label", entry.get("labels", entry.get("cats", [])))
    labels = [labels] if isinstance(labels, str) else labels
    known = {"id", "text", "label", "labels", "entities", "relations", "cats", "Comments", "comments"}
    return {
        "key": _key(entry.get("id"), payload),
        "payload": payload,
        "label": labels[0] if len(labels) == 1 and isinstance(labels[0], str) else None,
        "attributes": _scalars({name: value for name, value in entry.items() if name not in known}),
    }


def _argilla(record: dict[str, Any]) -> dict[str, Any]:
    payload = record["fields"]
    answers = {
        name: [one["value"] for one in given if one.get("status", "submitted") == "submitted"]
        for name, given in (record.get("responses") or {}).items()
    }
    plain = [values for values in answers.values() if values and all(isinstance(v, str) for v in values)]
    return {
        "key": _key(record.get("id"), payload),
        "payload": payload,
        "label": agreed(*plain) if len(plain) == 1 else None,
        "attributes": _scalars(record.get("metadata")),
    }


def agreed(labels: Iterable[Any]) -> str | None:
    """The label that all of them are; None where they differ or there are none."""
    found = set(labels)
    return str(found.pop()) if len(found) == 1 else None


def _key(given: Any, payload: Any) -> str:
    """The tool's own id, else one made of the content, the same at each import."""
    return (
        str(given)
        if given not in (None, "")
        else f"sha-{sha256(canonical(payload).encode()).hexdigest()[:16]}"
    )


def _scalars(values: Any) -> dict[str, Any] | None:
    """Of an object's values those that an attribute can hold."""
    kept = {
        name: value for name, value in (values or {}).items() if isinstance(value, str | int | float | bool)
    }
    return kept or None
