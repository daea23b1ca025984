"""What an expert is shown: the kinds of field, and the pieces that a field's value falls into."""

from __future__ import annotations

from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain.checks import entry, name_of, one_of, title_of

FIELD_KINDS = {
    "text": "Text, to the letter",
    "markdown": "Text with Markdown",
    "image": "Picture",
    "chat": "Conversation in turns",
    "completion": "What a model wrote",
    "table": "Table",
    "json": "List of texts, or JSON",
}
TEXTS = ("text", "markdown", "completion")
"""Kinds whose value is one text: what can be marked, corrected and compared."""
PIECED = (*TEXTS, "json")
"""Kinds whose value falls into pieces: a list of texts, or a text by its lines."""


def check_field(given: Any, where: str) -> dict[str, Any]:
    field = entry(given, where)
    name = name_of(field, where)
    kind = one_of(field.get("kind"), tuple(FIELD_KINDS), f"{where}.kind")
    return {"name": name, "kind": kind, "title": title_of(field, name, longest=120)}


def text_field(name: Any, fields: dict[str, dict[str, Any]], where: str) -> str:
    """The name of a field that holds one text; raises what to name instead."""
    texts = [one["name"] for one in fields.values() if one["kind"] in TEXTS]
    if name not in texts:
        known = ", ".join(texts) or f"none here: add one of kind {', '.join(TEXTS)}"
        raise BadInput(f"{where} must name a field that holds a text ({known}).", field=where)
    return str(name)


def list_field(name: Any, fields: dict[str, dict[str, Any]], where: str) -> str:
    """The name of a field whose value falls into pieces: a list of texts, or a text by its lines."""
    if name not in fields or fields[name]["kind"] not in PIECED:
        raise BadInput(
            f"{where} must name a field of kind json (a list of texts) or text (a line each).", field=where
        )
    return str(name)


def pieces(value: Any) -> list[str]:
    """A list's texts as they are; a text's lines that are not blank; nothing of anything else."""
    if isinstance(value, list):
        return [one if isinstance(one, str) else str(one) for one in value]
    return [line for line in value.splitlines() if line.strip()] if isinstance(value, str) else []
