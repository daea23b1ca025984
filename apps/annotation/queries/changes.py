"""What a new protocol version would do to what people have said: counted per question and option before it is saved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F

from apps.annotation.models import Annotation, Assignment, AssignmentState, Task, TaskState
from apps.annotation.queries.beliefs import belief_counts
from apps.examples.queries import given_counts
from apps.projects.domain.kinds import KINDS
from apps.projects.domain.mapping import Fate, Value, fates, guess
from apps.projects.models import Project, Protocol
from apps.projects.queries import as_json
from apps.projects.services import ProtocolMoved


@dataclass(frozen=True)
class Said:
    """What a lead has said so far: `questions` of a mapping, about version `against` where the page named one."""

    against: int | None
    questions: dict[str, Any]


@dataclass(frozen=True)
class Concerned:
    """How much one old question or one of its values concerns; `beliefs` and `given` of the target alone."""

    answers: int = 0
    counted: int = 0
    beliefs: int | None = None
    given: int | None = None

    @property
    def any(self) -> bool:
        return bool(self.answers or self.beliefs or self.given)


@dataclass(frozen=True)
class Row:
    """One value of an old question with what it concerns; `place` names its control."""

    place: str
    value: Value
    concerned: Concerned


@dataclass(frozen=True)
class Asked:
    """One old question as the page asks about it."""

    fate: Fate
    concerned: Concerned
    rows: tuple[Row, ...]

    @property
    def settled(self) -> bool:
        """Whether there is nothing to say: it all stays, or nobody has answered it."""
        return self.fate.stays or not (self.concerned.any or any(row.concerned.any for row in self.rows))


@dataclass(frozen=True)
class ProtocolChange:
    """A version that would follow the one in force (`old`; None for the first)."""

    old: Protocol | None
    body: dict[str, Any]
    mapping: dict[str, Any]
    questions: tuple[Asked, ...] = ()
    open_tasks: int = 0

    @cached_property
    def asks(self) -> bool:
        """Whether a lead must say what becomes of old answers: something changed that somebody has answered."""
        return any(not one.settled for one in self.questions)

    @property
    def staying(self) -> list[Asked]:
        return [one for one in self.questions if one.fate.stays]

    @property
    def json(self) -> str:
        return as_json(self.body)

    @property
    def whole_mapping(self) -> dict[str, Any] | None:
        """The mapping as the service takes it, said about the version in force; none where there was none yet."""
        return {"from": self.old.version, **self.mapping} if self.old else None


def change_to(*, project: Project, body: dict[str, Any], said: Said) -> ProtocolChange:
    """The change with what has been said about it; the rest is guessed.

    Raises `BadInput` for what does not fit, and `ProtocolMoved` where it was said about another version.
    """
    old = project.protocol
    if old and said.against not in (None, old.version):
        raise ProtocolMoved(old)
    if old is None:
        return ProtocolChange(None, body, {})
    mapping = guess(old.body, body, said.questions)
    counts = _counts(old)
    target = _target_counts(project, old)
    asked = tuple(_asked(fate, counts, target) for fate in fates(mapping, old.body, body))
    waiting = Task.objects.filter(queue__protocol=old, state=TaskState.OPEN).exclude(reason=Task.Reason.GOLD)
    return ProtocolChange(old, body, mapping, asked, waiting.count())


Counts = dict[tuple[str, str], Counter[str]]


def _counts(protocol: Protocol) -> Counts:
    """Answers and counted annotations under this version, by question and value; the value "" is the question's own."""
    found: Counts = {}
    kinds = {question["name"]: KINDS[question["kind"]] for question in protocol.body["questions"]}
    rows = Annotation.objects.filter(protocol=protocol, pk=F("assignment__current"))
    columns = ("answers", "assignment__state", "assignment__kind")
    for answers, state, kind in rows.values_list(*columns).iterator():
        counts = state == AssignmentState.SUBMITTED and kind == Assignment.Kind.ANNOTATE
        for name, answer in answers.items():
            for value in ("", *kinds[name].named(answer)):
                tally = found.setdefault((name, value), Counter())
                tally["answers"] += 1
                tally["counted"] += counts
    return found


def _target_counts(project: Project, protocol: Protocol) -> Counts:
    """Beliefs and given labels, by the target's value, as the version in force reads them."""
    name = protocol.target["name"]
    beliefs, given = belief_counts(project=project), given_counts(project=project)
    found = {(name, value): Counter(beliefs=beliefs[value], given=given[value]) for value in protocol.classes}
    found[name, ""] = sum(found.values(), Counter())
    return found


def _asked(fate: Fate, counts: Counts, target: Counts) -> Asked:
    def concerned(value: str) -> Concerned:
        tally, more = counts.get((fate.name, value), Counter()), target.get((fate.name, value))
        if more is None:
            return Concerned(tally["answers"], tally["counted"])
        return Concerned(tally["answers"], tally["counted"], more["beliefs"], more["given"])

    rows = tuple(
        Row(f"value.{fate.name}.{value.name}", value, concerned(value.name)) for value in fate.values
    )
    return Asked(fate, concerned(""), rows)
