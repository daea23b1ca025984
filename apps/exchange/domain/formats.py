"""What can be exported in which format, and why a format does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.exchange.domain.pairs import PAIRED, prompt_field

WHAT = {
    "examples": "Examples",
    "annotations": "Annotations",
    "dataset": "Dataset version",
    "curriculum": "Curriculum version",
}
"""What can be exported, in words."""

EVERYTHING = tuple(WHAT)
ANSWERS = ("annotations",)


@dataclass(frozen=True)
class Format:
    """`ending` is the file's, `of` what can be exported in it, `about` how it reads to people."""

    words: str
    ending: str
    content_type: str
    about: str
    of: tuple[str, ...] = EVERYTHING


FORMATS = {
    "parquet": Format(
        "Parquet",
        ".parquet",
        "application/vnd.apache.parquet",
        "Columns, compressed; payload and attributes as JSON texts.",
    ),
    "jsonl": Format("JSONL", ".jsonl", "application/x-ndjson", "One JSON object a line."),
    "csv": Format("CSV", ".csv", "text/csv; charset=utf-8", "A table; payload and attributes as JSON texts."),
    "huggingface": Format(
        "Hugging Face dataset",
        ".zip",
        "application/zip",
        "Parquet by split, a dataset card and Croissant metadata.",
    ),
    "label_studio": Format(
        "Label Studio JSON",
        ".json",
        "application/json",
        "Tasks with everybody’s annotations, and the labelling configuration they fit.",
        ANSWERS,
    ),
    "conll": Format(
        "CoNLL",
        ".conll",
        "text/plain; charset=utf-8",
        "Marked texts, a token a line with its B-, I- or O tag.",
        ANSWERS,
    ),
    "preferences": Format(
        "Preference pairs (TRL)",
        ".jsonl",
        "application/x-ndjson",
        "prompt, chosen and rejected, from comparisons and corrections.",
        ANSWERS,
    ),
    "sft": Format(
        "Demonstrations (TRL)",
        ".jsonl",
        "application/x-ndjson",
        "prompt and completion, or messages, from comparisons and corrections.",
        ANSWERS,
    ),
}
CHOICES = [(name, format.words) for name, format in FORMATS.items()]
TABLES = ("parquet", "jsonl", "csv", "huggingface")
"""Formats of rows; the others are made of people's answers."""


def unfit(format: str, *, what: str, protocol: dict[str, Any] | None) -> str:
    """Why this cannot be exported in this format, in a sentence with the mend; empty where it can."""
    kind = FORMATS[format]
    if what not in kind.of:
        fits = " or ".join(WHAT[one].lower() for one in kind.of)
        return f"{kind.words} is made of people’s answers. Export {fits} in it."
    if format in TABLES:
        return ""
    if protocol is None:
        return f"The project has no protocol, so there is nothing to make {kind.words} of. Put one in force first."
    kinds = {question["kind"] for question in protocol["questions"]}
    if format == "conll" and "spans" not in kinds:
        return "CoNLL holds marks in texts, and the protocol asks for none. Use JSONL, or ask for `spans`."
    if format in ("preferences", "sft"):
        return _no_pairs(kind, protocol)
    return ""


def _no_pairs(kind: Format, protocol: dict[str, Any]) -> str:
    asked = [question for question in protocol["questions"] if question["kind"] in PAIRED]
    if not asked:
        return (
            f"{kind.words} come from comparisons and corrections, and the protocol asks for neither. Use JSONL, or ask "
            "a question of kind `pairwise` or `correction`."
        )
    if not any(prompt_field(protocol, question) for question in asked):
        return (
            f"{kind.words} need a prompt, and the protocol has no text or conversation beside what is compared or "
            "corrected. Use JSONL, or add a field for the prompt."
        )
    return ""
