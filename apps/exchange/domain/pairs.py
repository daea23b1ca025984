"""Preference pairs and demonstrations in the column names of TRL, from comparisons and corrections."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from apps.exchange.domain.answered import Answered

PAIRED = ("pairwise", "correction")
PROMPTS = ("chat", "text", "markdown")
"""Kinds of field that can be what a model was asked, the likeliest first."""

Question = dict[str, Any]
Row = dict[str, Any]


def prompt_field(protocol: dict[str, Any], question: Question) -> str:
    """The field that holds what the model was asked: the first conversation or text that is not itself judged."""
    judged = question.get("fields") or [question["field"]]
    fields = [field for field in protocol["fields"] if field["name"] not in judged]
    named = (field["name"] for kind in PROMPTS for field in fields if field["kind"] == kind)
    return next(named, "")


def preferences(task: Answered) -> Iterator[Row]:
    """`prompt`, `chosen`, `rejected`: the side that most prefer, and each correction against what it corrects."""
    for prompt, chosen, rejected, about in _pairs(task):
        if rejected is not None and rejected != chosen:
            turn = (lambda text: [_turn(text)]) if isinstance(prompt, list) else str
            yield {"prompt": prompt, "chosen": turn(chosen), "rejected": turn(rejected), **about}


def demonstrations(task: Answered) -> Iterator[Row]:
    """`messages` after a conversation, else `prompt` and `completion`: what was preferred or written."""
    seen = set()
    for prompt, chosen, _, about in _pairs(task):
        if chosen in seen:
            continue
        seen.add(chosen)
        if isinstance(prompt, list):
            yield {"messages": [*prompt, _turn(chosen)], **about}
        else:
            yield {"prompt": prompt, "completion": chosen, **about}


def line(row: Row) -> bytes:
    return f"{json.dumps(row, ensure_ascii=False)}\n".encode()


def _turn(text: str) -> Row:
    return {"role": "assistant", "content": text}


def _pairs(task: Answered) -> Iterator[tuple[Any, str, str | None, Row]]:
    """Prompt, what is better, what is worse, and where it comes from."""
    for question in task.protocol["questions"] if task.content else ():
        name = prompt_field(task.protocol, question) if question["kind"] in PAIRED else ""
        prompt = _prompt((task.content or {}).get(name))
        if not prompt:
            continue
        made = _compared if question["kind"] == "pairwise" else _corrected
        for chosen, rejected, people in made(task, question):
            about = {"key": task.key, "question": question["name"], "people": people, "licence": task.licence}
            yield prompt, chosen, rejected, about


def _prompt(value: Any) -> Any:
    """A text as it is, a conversation as turns of role and content; nothing of anything else."""
    if isinstance(value, list):
        turns = [one for one in value if isinstance(one, dict) and isinstance(one.get("content"), str)]
        return [{"role": str(one.get("role") or "user"), "content": one["content"]} for one in turns]
    return value if isinstance(value, str) else ""


def _compared(task: Answered, question: Question) -> Iterator[tuple[str, str | None, int]]:
    """The side that more people prefer than the other; where as many prefer each, or both are equal, none."""
    given = (one.answers.get(question["name"]) for one in task.decided)
    votes = Counter(answer["preferred"] for answer in given if answer)
    first, second = question["fields"]
    if votes[first] == votes[second]:
        return
    better, worse = (first, second) if votes[first] > votes[second] else (second, first)
    chosen, rejected = ((task.content or {}).get(side) for side in (better, worse))
    if isinstance(chosen, str) and isinstance(rejected, str):
        yield chosen, rejected, votes[better]


def _corrected(task: Answered, question: Question) -> Iterator[tuple[str, str | None, int]]:
    """Each text that somebody wrote instead, and how many wrote just that; one left as it was is approved."""
    before = (task.content or {}).get(question["field"])
    written = Counter(one.answers.get(question["name"]) for one in task.decided)
    for text, people in written.items():
        if isinstance(text, str) and text:
            yield text, before if isinstance(before, str) else None, people
