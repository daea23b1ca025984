"""Tasks and annotations as Label Studio imports them, and the labelling configuration that they fit."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import quoteattr

from apps.exchange.domain.answered import Answered, Said

Question = dict[str, Any]
OBJECTS = {
    "image": "<Image name={name} value={value}/>",
    "chat": '<Paragraphs name={name} value={value} layout="dialogue" nameKey="role" textKey="content"/>',
}
TEXT = "<Text name={name} value={value}/>"


def task_of(task: Answered) -> dict[str, Any]:
    """One task: `data` is the payload, `meta` says by place what Label Studio has no field for."""
    content = task.content or {}
    data = {f["name"]: _shown(f["kind"], content.get(f["name"])) for f in task.protocol["fields"]}
    return {
        "data": {**data, "key": task.key},
        "annotations": [_annotation(task, said) for said in task.said],
        "meta": {
            "split": task.split,
            "licence": task.licence,
            "given_label": task.label,
            "purged": task.content is None,
            "answers": [_about(said) for said in task.said],
        },
    }


def _shown(kind: str, value: Any) -> Any:
    if value is None or isinstance(value, str) or kind == "chat":
        return "" if value is None else value
    return json.dumps(value, ensure_ascii=False)


def _about(said: Said) -> dict[str, Any]:
    return {
        "person": said.person,
        "condition": said.condition,
        "confidence": said.confidence,
        "protocol": said.protocol,
        "counts": said.counts,
        "settles": said.settles,
    }


def _annotation(task: Answered, said: Said) -> dict[str, Any]:
    asked = (question for question in task.protocol["questions"] if question["name"] in said.answers)
    return {
        "result": [result for question in asked for result in _results(task, question, said)],
        "was_cancelled": False,
        "ground_truth": said.settles,
        "lead_time": said.seconds,
        "created_at": said.at,
    }


def _results(task: Answered, question: Question, said: Said) -> list[dict[str, Any]]:
    kind, values = VALUES.get(question["kind"], ("textarea", _as_text))
    frame = {"from_name": question["name"], "to_name": _about_field(task.protocol, question), "type": kind}
    found = values(question, said.answers[question["name"]], task.content or {})
    return [
        {"id": f"{said.id}-{question['name']}-{place}", **frame, "value": value}
        for place, value in enumerate(found)
    ]


def _about_field(protocol: dict[str, Any], question: Question) -> str:
    fields = question.get("fields") or [question.get("field") or protocol["fields"][0]["name"]]
    return str(fields[0])


Values = list[dict[str, Any]]


def _choice(question: Question, answer: Any, content: dict[str, Any]) -> Values:
    return [{"choices": answer if isinstance(answer, list) else [answer]}]


def _rating(question: Question, answer: Any, content: dict[str, Any]) -> Values:
    return [{"rating": answer}]


def _text(question: Question, answer: Any, content: dict[str, Any]) -> Values:
    return [{"text": [answer]}]


def _as_text(question: Question, answer: Any, content: dict[str, Any]) -> Values:
    return [{"text": [json.dumps(answer, ensure_ascii=False)]}]


def _pairwise(question: Question, answer: Any, content: dict[str, Any]) -> Values:
    sides = dict(zip(question["fields"], ("left", "right"), strict=True))
    return [{"selected": sides[answer["preferred"]]}] if answer["preferred"] in sides else []


def _spans(question: Question, answer: Any, content: dict[str, Any]) -> Values:
    text = content.get(question["field"]) or ""
    return [
        {
            "start": _units(text, one["start"]),
            "end": _units(text, one["end"]),
            "text": text[one["start"] : one["end"]],
            "labels": [one["label"]],
        }
        for one in answer
    ]


def _units(text: str, place: int) -> int:
    """A place in characters as browsers count it: in units of UTF-16."""
    return len(text[:place].encode("utf-16-le")) // 2


VALUES = {
    "choice": ("choices", _choice),
    "multi_choice": ("choices", _choice),
    "rating": ("rating", _rating),
    "text": ("textarea", _text),
    "correction": ("textarea", _text),
    "pairwise": ("pairwise", _pairwise),
    "spans": ("labels", _spans),
}
"""How Label Studio calls an answer of each kind, and its values. Rankings and steps are kept as JSON texts."""


def configuration(protocol: dict[str, Any]) -> str:
    """What to paste into a Label Studio project, so that these annotations fit it."""
    lines = [
        OBJECTS.get(field["kind"], TEXT).format(
            name=quoteattr(field["name"]), value=quoteattr(f"${field['name']}")
        )
        for field in protocol["fields"]
    ]
    lines += [_control(protocol, question) for question in protocol["questions"]]
    return "\n".join(["<View>", *(f"  {line}" for line in lines), "</View>"])


def _control(protocol: dict[str, Any], question: Question) -> str:
    about = question.get("fields") or [_about_field(protocol, question)]
    frame = f"name={quoteattr(question['name'])} toName={quoteattr(','.join(about))}"
    options = "".join(f"<{{0}} value={quoteattr(one['value'])}/>" for one in question.get("options", ()))
    kind = question["kind"]
    if kind in ("choice", "multi_choice"):
        many = "multiple" if kind == "multi_choice" else "single"
        return f'<Choices {frame} choice="{many}">{options.format("Choice")}</Choices>'
    if kind == "spans":
        return f"<Labels {frame}>{options.format('Label')}</Labels>"
    if kind == "rating":
        return f'<Rating {frame} maxRating="{max(map(int, question["criterion"]["anchors"]))}"/>'
    return f"<{'Pairwise' if kind == 'pairwise' else 'TextArea'} {frame}/>"
