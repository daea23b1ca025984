"""Marks in texts as CoNLL: a token a line, with a tag in BIO for each question of spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from apps.exchange.domain.answered import Answered, Said

TOKEN = re.compile(r"\w+|[^\w\s]")
Span = dict[str, Any]


def documents(task: Answered) -> Iterator[str]:
    """One document for each answer in which a text could be marked; nothing where the content was purged."""
    asked = [question for question in task.protocol["questions"] if question["kind"] == "spans"]
    by_field: dict[str, list[dict[str, Any]]] = {}
    for question in asked:
        by_field.setdefault(question["field"], []).append(question)
    for said in task.said:
        for field, questions in by_field.items():
            text = (task.content or {}).get(field)
            if isinstance(text, str) and any(question["name"] in said.answers for question in questions):
                yield _document(task, said, field, questions)


def _document(task: Answered, said: Said, field: str, questions: list[dict[str, Any]]) -> str:
    text = (task.content or {})[field]
    columns = [bio(text, said.answers.get(question["name"]) or []) for question in questions]
    tokens = [found.group() for found in TOKEN.finditer(text)]
    named = "\t".join(question["name"] for question in questions)
    head = f"# key = {_one_line(task.key)}\n# person = {said.person}\n# field = {field}\n# columns = token\t{named}\n"
    rows = ("\t".join(row) for row in zip(tokens, *columns, strict=True))
    return head + "\n".join(rows)


def bio(text: str, spans: list[Span]) -> list[str]:
    """A tag for each token. A mark that cuts a token takes it whole; of marks that overlap, the longer stands."""
    places = [found.span() for found in TOKEN.finditer(text)]
    tags = ["O"] * len(places)
    for span in sorted(spans, key=lambda one: (one["start"] - one["end"], one["start"])):
        within = [i for i, (start, end) in enumerate(places) if start < span["end"] and end > span["start"]]
        if any(tags[i] != "O" for i in within):
            continue
        label = re.sub(r"\s+", "_", span["label"])
        for i in within:
            tags[i] = f"{'B' if i == within[0] else 'I'}-{label}"
    return tags


def _one_line(text: str) -> str:
    return " ".join(text.split())
