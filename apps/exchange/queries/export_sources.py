"""What each export is made of: the statements for examples and annotations, tables of versions, tasks with answers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
from django.conf import settings
from django.db.models import Prefetch, QuerySet
from psycopg import sql

from apps.annotation.models import Annotation, Assignment, AssignmentState, Task
from apps.curricula.domain import ROWS as CURRICULUM_ROWS
from apps.datasets.domain import ROWS as DATASET_ROWS
from apps.examples.models import Example, Split
from apps.exchange.domain import conll, label_studio, pairs
from apps.exchange.domain.answered import Answered, Said
from apps.exchange.domain.formats import TABLES
from apps.exchange.models import ExportRun
from apps.exchange.queries.export_rows import Copied, Joined, Piece, Portions, Source
from apps.projects.domain import target_of
from apps.projects.models import Project, Protocol

TASKS = 200  # read with their answers at once
GIVEN = (AssignmentState.SUBMITTED, AssignmentState.SURPLUS, AssignmentState.DRAFT)
EXAMPLES = pa.schema(
    [(name, pa.string()) for name in ("key", "payload", "label", "split", "attributes", "licence")]
)
EXAMPLES_COPY = """COPY (
  SELECT example.key, payload.body::text, example.label, example.split, example.attributes::text, example.licence
  FROM examples_example AS example JOIN examples_payload AS payload ON payload.digest = example.payload_id
  WHERE example.project_id = {project} AND example.key > {after} AND example.split = ANY({splits})
  ORDER BY example.key LIMIT {limit}) TO STDOUT (FORMAT csv)"""

ANNOTATIONS = pa.schema(
    [
        pa.field("id", pa.int64()),
        pa.field("key", pa.string()),
        pa.field("payload", pa.string()),
        pa.field("purged", pa.bool_()),
        pa.field("split", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("given_label", pa.string()),
        pa.field("task", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("person", pa.string()),
        pa.field("counts", pa.bool_()),  # false for what came too late
        pa.field("settles", pa.bool_()),  # a lead's decision
        pa.field("revision", pa.int32()),
        pa.field("label", pa.string()),  # what was answered to the target
        pa.field("answers", pa.string()),
        pa.field("condition", pa.string()),
        pa.field("confidence", pa.int32()),
        pa.field("comment", pa.string()),
        pa.field("protocol", pa.int32()),
        pa.field("model", pa.int32()),
        pa.field("suggestion", pa.string()),
        pa.field("revealed", pa.bool_()),
        pa.field("active_ms", pa.int64()),
        pa.field("at", pa.string()),
    ]
)
ANNOTATIONS_COPY = """COPY (
  SELECT said.id, example.key, payload.body::text, payload.body IS NULL, example.split, example.licence,
    task.given_label, task.id, task.reason, people.name, assignment.state <> 'surplus',
    assignment.kind = 'adjudicate', said.revision, {label}, said.answers::text, said.condition, said.confidence,
    said.comment, protocol.version, model.number, said.suggestion::text, said.revealed, said.active_ms,
    to_char(said.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  FROM annotation_annotation AS said
  JOIN annotation_assignment AS assignment ON assignment.current_id = said.id
  JOIN annotation_task AS task ON task.id = assignment.task_id
  JOIN annotation_queue AS queue ON queue.id = task.queue_id
  JOIN examples_example AS example ON example.id = task.example_id
  JOIN examples_payload AS payload ON payload.digest = task.payload_id
  JOIN projects_protocol AS protocol ON protocol.id = said.protocol_id
  LEFT JOIN registry_modelversion AS model ON model.id = said.model_id
  JOIN (VALUES {people}) AS people (id, name) ON people.id = assignment.person_id
  WHERE queue.project_id = {project} AND said.id > {after} AND example.split = ANY({splits})
  ORDER BY said.id LIMIT {limit}) TO STDOUT (FORMAT csv)"""


def source_of(run: ExportRun) -> Source:
    """Where the run's rows come from."""
    if run.format not in TABLES:
        return Answers(run)
    if run.dataset:
        return Joined("datasets", run.dataset.digest, DATASET_ROWS, [])
    if run.curriculum:
        return Joined("curricula", run.curriculum.digest, CURRICULUM_ROWS, run.curriculum.stages)
    facts: dict[str, sql.Composable] = {
        "project": sql.Literal(run.project_id),
        "splits": sql.Literal(splits_of(run)),
    }
    if run.what == "examples":
        return Copied(_statement(EXAMPLES_COPY, facts), EXAMPLES, EXAMPLES.names)
    facts |= {"label": _label(run.project), "people": _people(run)}
    return Copied(_statement(ANNOTATIONS_COPY, facts), ANNOTATIONS, ANNOTATIONS.names[1:], _read_to="0")


def _statement(text: str, facts: dict[str, sql.Composable]) -> Callable[[str, int], sql.Composable]:
    return lambda after, limit: sql.SQL(text).format(
        after=sql.Literal(after), limit=sql.Literal(limit), **facts
    )


def splits_of(run: ExportRun) -> list[str]:
    return [split for split in Split.values if run.benchmark or split != Split.BENCHMARK]


def total_of(run: ExportRun) -> int:
    """How many rows there will be, as far as can be told."""
    if run.version:
        return run.version.rows
    if run.what == "examples":
        return Example.objects.filter(project=run.project_id, split__in=splits_of(run)).count()
    return answers_of(run.project).count() if run.format in TABLES else tasks_of(run).count()


def answers_of(project: Project) -> QuerySet[Assignment]:
    """Every assignment with a current answer."""
    return Assignment.objects.filter(task__queue__project=project, current__isnull=False)


def called(run: ExportRun) -> dict[int, str]:
    """What each person is called: a pseudonym that is theirs in this project, or their username."""
    answered = answers_of(run.project).values_list("person_id", "person__username").distinct()
    people = dict(run.project.memberships.values_list("person_id", "person__username")) | dict(answered)
    return {pk: name if run.names else pseudonym(run.project_id, pk) for pk, name in people.items()}


def pseudonym(project_id: int, person_id: int) -> str:
    """The same in every export of a project, another in the next, and no way back without the server's secret."""
    said = f"{project_id}:{person_id}".encode()
    return f"person-{hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()[:10]}"


def _people(run: ExportRun) -> sql.Composable:
    rows = called(run) or {0: ""}
    return sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(pk), sql.Literal(name)) for pk, name in rows.items()
    )


def _label(project: Project) -> sql.Composable:
    """What an answer says the target is: where that stands depends on the protocol it was given under."""
    cases = []
    for protocol in Protocol.objects.filter(project=project):
        target = target_of(protocol.body)
        where = sql.SQL("said.answers->{}").format(sql.Literal(target["name"]))
        where = where + sql.SQL("->'preferred'") if target["kind"] == "pairwise" else where
        cases.append(sql.SQL("WHEN {} THEN {} #>> '{{}}'").format(sql.Literal(protocol.pk), where))
    return (
        sql.SQL("CASE said.protocol_id {} END").format(sql.SQL(" ").join(cases)) if cases else sql.SQL("NULL")
    )


def tasks_of(run: ExportRun) -> QuerySet[Task]:
    """Tasks with at least one answer that stands, oldest first."""
    answered = answers_of(run.project).values("task")
    rows = Task.objects.filter(pk__in=answered, example__split__in=splits_of(run))
    return rows.select_related("example", "payload").order_by("pk")


class Answers:
    """Tasks with what was said of them, as text of one of the formats made of answers."""

    schema = None

    def __init__(self, run: ExportRun) -> None:
        self._run, self._people = run, called(run)
        self._protocols = {one.pk: one for one in Protocol.objects.filter(project=run.project_id)}
        self._begun = bool(run.shards)

    def portions(self, after: str) -> Portions:
        said = Annotation.objects.order_by("pk")
        held = Prefetch(
            "assignments",
            Assignment.objects.filter(current__isnull=False).prefetch_related(Prefetch("current", said)),
            to_attr="answered",
        )
        last = int(after or 0)
        while tasks := list(
            tasks_of(self._run)
            .select_related("queue__protocol")
            .prefetch_related(held)
            .filter(pk__gt=last)[:TASKS]
        ):
            last = tasks[-1].pk
            yield iter([self._piece(tasks)])

    def _piece(self, tasks: Sequence[Task]) -> Piece:
        written = [text for task in tasks for text in self._written(self._answered(task))]
        return Piece(str(tasks[-1].pk), len(written), b"".join(written))

    def _written(self, task: Answered) -> Iterator[bytes]:
        if self._run.format == "label_studio":
            yield (b",\n" if self._begun else b"") + json.dumps(
                label_studio.task_of(task), ensure_ascii=False
            ).encode()
            self._begun = True
        elif self._run.format == "conll":
            yield from (f"{one}\n\n".encode() for one in conll.documents(task))
        else:
            made = pairs.preferences if self._run.format == "preferences" else pairs.demonstrations
            yield from (pairs.line(row) for row in made(task))

    def _answered(self, task: Task) -> Answered:
        example, protocol = task.example, task.queue.protocol.body
        return Answered(
            task=task.pk,
            key=example.key,
            content=task.payload.body,
            protocol=protocol,
            label=task.given_label,
            split=example.split,
            licence=example.licence,
            said=[self._said(one) for one in sorted(task.answered, key=lambda one: one.current_id)],  # type: ignore[attr-defined]
        )

    def _said(self, assignment: Assignment) -> Said:
        one = assignment.current
        assert one is not None  # only such assignments are read
        return Said(
            id=one.pk,
            person=self._people[assignment.person_id],
            answers=one.answers,
            condition=one.condition,
            confidence=one.confidence,
            protocol=self._protocols[one.protocol_id].version,
            at=one.at.isoformat(),
            seconds=one.active_ms / 1000,
            counts=assignment.state != AssignmentState.SURPLUS,
            settles=assignment.kind == Assignment.Kind.ADJUDICATE,
        )
