"""How true each annotator is: accuracy on gold with its posterior interval, and agreement between people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, QuerySet

from apps.accounts.models import User
from apps.algorithms.agreement import krippendorff_alpha
from apps.algorithms.competence import beta_posterior
from apps.algorithms.intervals import Interval, two_sided_z, wilson
from apps.annotation.models import Annotation, Assignment, AssignmentState, Task
from apps.annotation.questions import CONFIDENCE
from apps.calibration.models import Gold
from apps.examples.queries import Content, contents
from apps.projects.domain import label_of
from apps.projects.domain.reading import Read, Reading
from apps.projects.models import Membership, Project
from apps.projects.queries import protocol_of, reading_of

WANTED = 0.9  # the accuracy we want; whose whole interval lies below it needs a session
PRIOR = (9.0, 1.0)  # a new expert is taken to be right 9 times in 10 until gold says otherwise


@dataclass(frozen=True)
class GoldAnswer:
    """One answer to a gold task."""

    person_id: int
    key: str
    known: str
    answered: str | None
    confidence: int | None
    at: datetime

    @property
    def correct(self) -> bool:
        return self.known == self.answered


@dataclass(frozen=True)
class Standing:
    """One person's record on gold: `mean`, `low`, `high` are the 95 % posterior of accuracy in [0, 1]."""

    person: User
    answered: int
    gold: int
    correct: int
    mean: float
    low: float
    high: float
    mean_confidence: float | None
    stated: int  # gold answers that came with a confidence
    recent: tuple[bool, ...]

    @property
    def needs_session(self) -> bool:
        """Whether we may be sure, by gold, that this person is less accurate than wanted."""
        return self.gold > 0 and self.high < WANTED


def gold(*, project: Project) -> QuerySet[Gold]:
    return Gold.objects.select_related("example__payload", "created_by").filter(project=project)


def gold_answers(*, project: Project, person: User | None = None) -> list[GoldAnswer]:
    """Every counted answer to gold, oldest first. The first answer counts, not what a person made of it later."""
    reading, known = reading_of(project=project), _known(project)
    rows = (
        Annotation.objects.filter(
            assignment__task__queue__project=project, assignment__task__reason=Task.Reason.GOLD, revision=1
        )
        .order_by("at", "pk")
        .values_list(
            "assignment__person_id",
            "assignment__task__example_id",
            "assignment__task__example__key",
            "answers",
            "protocol_id",
            "confidence",
            "at",
        )
    )
    if person is not None:
        rows = rows.filter(assignment__person=person)
    found = (_gold_answer(known[row[1]], row, reading) for row in rows if row[1] in known)
    return [answer for answer in found if answer]


def _gold_answer(known: Known, row: tuple[Any, ...], reading: Reading) -> GoldAnswer | None:
    """Both labels as the protocol in force reads them; where it left one behind, as their own version said them.

    None where they are of different versions then: they cannot be compared any more.
    """
    who, _, key, answers, protocol, confidence, at = row
    truth, said = known.read(reading), _said(answers, protocol, reading)
    if truth.lost is None and said.lost is None:
        return GoldAnswer(who, key, str(truth.label), said.label, confidence, at)
    given_under = protocol_of(protocol)
    if given_under.version != known.version:
        return None
    return GoldAnswer(who, key, known.label, label_of(given_under.body, answers), confidence, at)


@dataclass(frozen=True)
class Known:
    """The known label of a gold example, and the protocol version it was made known under."""

    label: str
    version: int | None

    def read(self, reading: Reading) -> Read:
        return reading.label(self.label, self.version)


def _known(project: Project) -> dict[int, Known]:
    reading = reading_of(project=project)
    rows = Gold.objects.filter(project=project).values_list("example_id", "label", "created_at")
    return {example: Known(label, reading.version_at(since)) for example, label, since in rows}


def known_labels(*, project: Project) -> dict[int, Read]:
    """What is known of each gold example, by its id, as the protocol in force reads it."""
    reading = reading_of(project=project)
    return {example: known.read(reading) for example, known in _known(project).items()}


def _said(answers: dict[str, Any], protocol_id: int, reading: Reading) -> Read:
    """The answer to the target of the protocol it was given under, as the one in force reads it."""
    given_under = protocol_of(protocol_id)
    return reading.label(label_of(given_under.body, answers), given_under.version)


def standings(*, project: Project) -> list[Standing]:
    """Everybody who may annotate, with their accuracy on gold and its interval."""
    by_person: dict[int, list[GoldAnswer]] = {}
    for answer in gold_answers(project=project):
        by_person.setdefault(answer.person_id, []).append(answer)
    counted = Assignment.objects.filter(task__queue__project=project, state=AssignmentState.SUBMITTED)
    answered = counted.filter(kind=Assignment.Kind.ANNOTATE).values_list("person_id")
    totals = dict(answered.annotate(n=Count("pk")))
    members = Membership.objects.select_related("person").filter(project=project).exclude(role="admin")
    return [
        _standing(member.person, by_person.get(member.person_id, []), totals.get(member.person_id, 0))
        for member in members
        if member.role == "expert" or member.person_id in totals
    ]


def standing_of(*, project: Project, person: User) -> Standing:
    """One person's own record on gold."""
    counted = Assignment.objects.filter(task__queue__project=project, state=AssignmentState.SUBMITTED)
    answered = counted.filter(person=person, kind=Assignment.Kind.ANNOTATE).count()
    return _standing(person, gold_answers(project=project, person=person), answered)


def _standing(person: User, answers: list[GoldAnswer], answered: int) -> Standing:
    correct = sum(answer.correct for answer in answers)
    posterior = beta_posterior(np.array([correct]), np.array([len(answers)]), prior=PRIOR)
    stated = [answer.confidence for answer in answers if answer.confidence]
    return Standing(
        person=person,
        answered=answered,
        gold=len(answers),
        correct=correct,
        mean=float(posterior.mean[0]),
        low=float(posterior.low[0]),
        high=float(posterior.high[0]),
        mean_confidence=sum(stated) / len(stated) if stated else None,
        stated=len(stated),
        recent=tuple(answer.correct for answer in answers[-20:]),
    )


@dataclass(frozen=True)
class Agreement(Interval):
    """Krippendorff's α with its 95 % interval, over `n` tasks with two answers or more."""

    n: int


def agreement(*, project: Project, rng: np.random.Generator) -> Agreement | None:
    """Krippendorff's α over the target of all tasks with two answers or more; None when there are none."""
    rows = (
        Assignment.objects.filter(task__queue__project=project, state=AssignmentState.SUBMITTED)
        .exclude(task__reason=Task.Reason.GOLD)
        .filter(kind=Assignment.Kind.ANNOTATE)
        .order_by("pk")
        .values_list("task_id", "person_id", "current__answers", "current__protocol_id")
    )
    codes: dict[str, int] = {}
    reading = reading_of(project=project)
    said = [
        (task, person, _said(answers, protocol, reading).label) for task, person, answers, protocol in rows
    ]
    usable = [
        (task, person, codes.setdefault(label, len(codes)))
        for task, person, label in said
        if label is not None
    ]
    answers = Counter(task for task, _, _ in usable)
    n = sum(count > 1 for count in answers.values())
    if n == 0:
        return None
    table = np.array(usable)
    alpha = krippendorff_alpha(table[:, 0], table[:, 1], table[:, 2], level="nominal", rng=rng)
    return Agreement(alpha.estimate, alpha.low, alpha.high, n)


@dataclass(frozen=True)
class Cell:
    n: int
    right: bool


@dataclass(frozen=True)
class Confusion:
    """One person's answers to gold: `rows` has the known class and a cell per answered class."""

    person_id: int
    classes: list[str]
    rows: list[tuple[str, list[Cell]]]


def confusions(*, project: Project) -> dict[int, Confusion]:
    """By person; classes that were never known nor answered are left out, no answer counts as `none`."""
    pairs: dict[int, Counter[tuple[str, str]]] = {}
    for answer in gold_answers(project=project):
        pairs.setdefault(answer.person_id, Counter())[answer.known, answer.answered or "none"] += 1
    return {person_id: _confusion(person_id, counts) for person_id, counts in pairs.items()}


def _confusion(person_id: int, counts: Counter[tuple[str, str]]) -> Confusion:
    classes = sorted({name for pair in counts for name in pair})
    rows = [
        (name, [Cell(counts[name, other], name == other) for other in classes])
        for name in sorted({known for known, _ in counts})
    ]
    return Confusion(person_id, classes, rows)


@dataclass(frozen=True)
class Stated:
    """Of the gold answers given with this confidence, the share that was right, with its 95 % interval."""

    confidence: int
    word: str
    n: int
    right: Interval


def stated_confidence(*, project: Project) -> list[Stated]:
    """Whether people are right as often as they say; confidences nobody stated are left out."""
    answers = gold_answers(project=project)
    groups = {
        (int(level), word): [a.correct for a in answers if a.confidence == int(level)]
        for level, word in CONFIDENCE.items()
    }
    return [
        Stated(
            level,
            word,
            len(right),
            wilson(sum(right) / len(right), len(right), z=two_sided_z(0.95)),
        )
        for (level, word), right in groups.items()
        if right
    ]


@dataclass(frozen=True)
class GoldRecord:
    """One gold example with what people have answered: low agreement with the known label may mean bad gold.

    `known` is its label as the protocol in force reads it.
    """

    gold: Gold
    known: Read
    content: Content
    answers: int
    right: int

    @property
    def doubtful(self) -> bool:
        """Most people contradict it: the gold may be wrong rather than the people."""
        return self.answers >= 3 and self.right * 2 < self.answers


def gold_records(*, project: Project, shown: list[Gold]) -> list[GoldRecord]:
    """These gold examples with their content and the answers to them."""
    pictures = contents(project=project, digests=[one.example.payload_id for one in shown])
    outcomes: dict[str, list[bool]] = {}
    for answer in gold_answers(project=project):
        outcomes.setdefault(answer.key, []).append(answer.correct)
    records, known = [], known_labels(project=project)
    for one in shown:
        right = outcomes.get(one.example.key, [])
        content = pictures[one.example.payload_id]
        records.append(GoldRecord(one, known[one.example_id], content, len(right), sum(right)))
    return records
