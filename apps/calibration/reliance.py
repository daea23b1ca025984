"""How people deal with the model's word where they answer blind-first: whether it pulls them, and whether it should."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from apps.accounts.models import User
from apps.algorithms.reliance import NONE, Reliance, reliance
from apps.annotation.models import Assignment, TaskState
from apps.calibration.queries import known_labels
from apps.projects.domain import label_of
from apps.projects.domain.reading import Read, Reading
from apps.projects.models import Project, Protocol
from apps.projects.queries import protocol_of, reading_of


@dataclass(frozen=True)
class BlindAnswer:
    """One answer that stands, given blind-first: the labels before and after the reveal, the model's, and the truth.

    All as the protocol in force reads them; what it left behind stands as it was said, and is no truth any more.
    `first` and `said` are None where nothing was revealed; `known` where neither gold nor a lead has told.
    """

    person_id: int
    first: str | None
    said: str | None
    final: str | None
    known: str | None


@dataclass(frozen=True)
class Leaning:
    """One person's, or everybody's, dealings with the model: `revealed` of `answered` blind-first answers."""

    person: User | None
    answered: int
    revealed: int
    reliance: Reliance


def blind_answers(*, project: Project, person: User | None = None) -> Iterator[BlindAnswer]:
    """Every standing answer to a task whose model's word could be revealed.

    The truth is that of gold, else what a lead has settled: a vote holds the answer that is to be judged by it.
    """
    known, reading = known_labels(project=project), reading_of(project=project)
    blind = project.protocols.filter(body__suggestion="blind_first")
    rows = Assignment.objects.filter(
        kind=Assignment.Kind.ANNOTATE, current__protocol__in=blind, current__suggestion__isnull=False
    )
    rows = rows if person is None else rows.filter(person=person)
    named = ("person_id", "task__example_id", "current__protocol_id", "current__answers", "task__state")
    revealed = ("current__reveal__answers", "current__reveal__suggestion__label", "task__consensus__label")
    for who, example, protocol_id, answers, state, before, said, settled in rows.values_list(
        *named, *revealed
    ):
        protocol = protocol_of(protocol_id)
        first = None if before is None else label_of(protocol.body, before)
        final = label_of(protocol.body, answers)
        today = partial(_today, given_under=protocol, reading=reading)
        decided = reading.label(settled, protocol.version) if state == TaskState.SETTLED else Read(None)
        told = known.get(example, decided).label
        yield BlindAnswer(who, today(first), today(said), today(final), told)


def _today(label: str | None, given_under: Protocol, reading: Reading) -> str | None:
    read = reading.label(label, given_under.version)
    return read.label if read.lost is None else label


def leaning_of(*, project: Project, person: User) -> Leaning:
    """One person's own."""
    return _leaning(person, blind_answers(project=project, person=person))


def leanings(*, project: Project) -> tuple[Leaning, list[Leaning]]:
    """Everybody's together, and each person's who has answered blind-first."""
    answers = list(blind_answers(project=project))
    by_person: dict[int, list[BlindAnswer]] = {}
    for answer in answers:
        by_person.setdefault(answer.person_id, []).append(answer)
    people = User.objects.filter(pk__in=by_person).order_by("username")
    return _leaning(None, answers), [_leaning(person, by_person[person.pk]) for person in people]


def _leaning(person: User | None, answers: Iterable[BlindAnswer]) -> Leaning:
    answered = list(answers)
    revealed = [one for one in answered if one.first is not None and one.said is not None]
    codes: dict[str, int] = {}

    def coded(labels: list[str | None]) -> list[int]:
        return [NONE if label is None else codes.setdefault(label, len(codes)) for label in labels]

    columns = [
        np.array(coded([getattr(one, name) for one in revealed]))
        for name in ("first", "said", "final", "known")
    ]
    return Leaning(person, len(answered), len(revealed), reliance(*columns))
