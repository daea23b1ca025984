"""A protocol that is being written, shown on an example before it is put in force."""

from __future__ import annotations

from dataclasses import dataclass

from apps.annotation.questions import Question, condition_question, questions_of
from apps.annotation.subjects import Field, Pair, fields_of
from apps.core.errors import BadInput
from apps.examples.models import Example
from apps.projects.drafts import Draft, Problem


@dataclass(frozen=True)
class Preview:
    """What the card would show and ask, or why the protocol cannot be put in force (`problem`)."""

    problem: Problem | None = None
    key: str = ""
    fields: tuple[Field | Pair, ...] = ()
    questions: tuple[Question, ...] = ()


def preview_of(draft: Draft, *, example: Example | None) -> Preview:
    """Never raises: what is wrong with the protocol is what the preview shows."""
    try:
        protocol = draft.checked()
    except BadInput as error:
        return Preview(problem=draft.refused(error).problem)
    content = (example.payload.body if example else None) or {}
    lacking = {
        field["name"]: f"({field['title']})" for field in protocol["fields"] if field["kind"] != "image"
    }
    shown = {**lacking, **content}
    return Preview(
        key=example.key if example else "",
        fields=tuple(fields_of(protocol, shown, mirrored=False)),
        questions=(*questions_of(protocol, {}, content=shown), condition_question()),
    )
