"""Everything known about one example, as far as the reader may know it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from apps.annotation.disputes import HandedOn, handed_on_of
from apps.annotation.models import (
    CLOSED,
    HOLDING,
    MAY_BE_ASKED,
    Annotation,
    Assignment,
    Consensus,
    Task,
    TaskState,
)
from apps.annotation.queries.tasks import answers_on
from apps.calibration.models import Gold
from apps.core.errors import NotFound
from apps.examples.models import Example, Split
from apps.examples.queries import Content, contents
from apps.explore.queries.browse import sees_predictions
from apps.mining.models import LatestScore
from apps.mining.queries import REASONS
from apps.projects.domain import words_of
from apps.projects.permissions import Member

ANONYMOUS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Answer:
    """One person's answer; `who` is a letter until the task is closed, so that settling it stays blind."""

    annotation: Annotation
    who: str
    mine: bool
    label: Any
    before: str  # what they had said before the model's word was revealed; empty without a reveal


@dataclass(frozen=True)
class Asked:
    """One task with the answers the reader may see; `hidden` says that there may be others.

    `state` is empty where the reader must not know it: gold stays open when all else is closed.
    """

    task: Task
    answers: list[Answer]
    hidden: bool
    state: str
    consensus: Consensus | None
    handed_on: list[HandedOn]

    @property
    def reason(self) -> str:
        """Why it was asked, in the words of the mining pages."""
        return REASONS.get(Task.Reason(self.task.reason), self.task.get_reason_display())


@dataclass(frozen=True)
class Dossier:
    """One example and what is known of it. None stands for unknown and for hidden; `secret` tells which."""

    example: Example
    content: Content
    payload: str
    label: str | None
    secret: bool
    score: LatestScore | None
    gold: Gold | None
    tasks: list[Asked]
    blind: bool  # the model's predictions are kept from this reader until they have answered
    tells_gold: bool  # whether this reader may know which tasks are gold, and so see what would tell it


def dossier(*, member: Member, key: str) -> Dossier:
    """Everything about the example with this key; raises `NotFound`."""
    example = (
        Example.objects.select_related("payload", "score").filter(project=member.project, key=key).first()
    )
    if example is None:
        raise NotFound(f"There is no example with the key {key!r} in this project.")
    lead = member.may("adjudicate")
    tasks = _tasks(member, example)
    secret = example.split == Split.BENCHMARK and not lead
    return Dossier(
        example=example,
        content=contents(project=member.project, digests=[example.payload_id])[example.payload_id],
        payload=_readable(example.payload.body),
        label=None if secret else example.label,
        secret=secret,
        score=getattr(example, "score", None),
        gold=example.gold.select_related("created_by").first() if lead else None,
        tasks=tasks,
        blind=_is_blind(member, tasks),
        tells_gold=member.may("manage_gold"),
    )


def _tasks(member: Member, example: Example) -> list[Asked]:
    rows = list(
        Task.objects.select_related("model", "queue__protocol", "consensus__settled_by")
        .filter(example=example, queue__project=member.project)
        .order_by("-pk")
    )
    held = set(
        Assignment.objects.filter(
            task__in=rows, person=member.person, state__in=HOLDING, kind=Assignment.Kind.ANNOTATE
        ).values_list("task_id", flat=True)
    )
    # an example that is being asked again keeps its old verdict from those who may be asked
    again = any(task.state == TaskState.OPEN for task in rows) and not member.may("adjudicate")
    return [_asked(member, task, holding=task.pk in held, again=again) for task in rows]


def _asked(member: Member, task: Task, *, holding: bool, again: bool) -> Asked:
    lead, closed = member.may("adjudicate"), task.state in CLOSED
    # whoever may annotate could be given the task after reading what its answers are
    answerable = holding or (task.state in MAY_BE_ASKED and member.may("annotate"))
    everything = (lead and not answerable) or (closed and not again)
    target = task.queue.protocol.target
    answers = []
    for place, annotation in enumerate(answers_on(task=task)):
        person = annotation.assignment.person
        mine = person.pk == member.person.pk
        if mine or everything:
            name = person.display_name if closed or mine else f"Expert {ANONYMOUS[place % 26]}"
            label = words_of(target, annotation.answers)
            before = words_of(target, annotation.reveal.answers) if annotation.reveal else ""
            answers.append(Answer(annotation, "You" if mine else name, mine, label, before))
    consensus = getattr(task, "consensus", None)
    state = task.state if everything or member.may("manage_gold") else ""
    told = handed_on_of(task) if lead and (everything or task.state == TaskState.EXCLUDED) else []
    return Asked(task, answers, not everything, state, consensus if everything else None, told)


def _is_blind(member: Member, tasks: list[Asked]) -> bool:
    """Where suggestions are hidden, an expert who may still be asked must not look them up here."""
    unanswered = any(
        asked.task.state in MAY_BE_ASKED and not any(answer.mine for answer in asked.answers)
        for asked in tasks
    )
    return unanswered and not sees_predictions(member)


def _readable(body: dict[str, Any] | None) -> str:
    """The payload as JSON; pictures are told by their length, since they are shown above."""
    if body is None:
        return ""
    short = {
        name: f"{value[:32]}… ({len(value)} characters)" if str(value).startswith("data:") else value
        for name, value in body.items()
    }
    return json.dumps(short, indent=2, ensure_ascii=False)
