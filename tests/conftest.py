"""Fixtures: a small project with its people, examples and open tasks, made through the services."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from apps.accounts.models import User
from apps.annotation.models import Assignment, Queue, Task
from apps.annotation.services.answers import Answer, submit_annotation
from apps.annotation.services.leases import lease_next
from apps.annotation.services.tasks import open_tasks, queue_for
from apps.core.models import Run, RunState
from apps.core.store import write_table
from apps.examples.models import Example, Payload
from apps.projects.models import Project
from apps.projects.services import add_protocol, create_project, set_member
from apps.registry.models import ModelVersion, PredictionSet
from apps.registry.services import keep_predictions, register_model
from apps.training.models import Benchmark
from apps.training.services.gates import freeze_benchmark
from tests.scheduling import StacksTogether, shared_by

# a busy machine is slow: that says nothing about the code
hypothesis_settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("busy")

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> StacksTogether:
    config.option.loadscopereorder = False  # the order below is the order
    return StacksTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a running stack takes minutes: it comes first."""
    items.sort(key=lambda item: shared_by(item.nodeid) is None)


PROTOCOL: dict[str, Any] = {
    "fields": [{"name": "text", "kind": "text"}],
    "questions": [
        {"name": "digit", "kind": "choice", "target": True, "options": ["3", "5", "8"]},
        {
            "name": "legibility",
            "kind": "rating",
            "required": False,
            "criterion": {"anchors": {"1": "not at all", "2": "barely", "3": "well"}},
        },
    ],
}


@contextmanager
def behind_the_triggers() -> Iterator[None]:
    """Change rows that triggers protect, as somebody with the database's keys would."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Any, settings: Any) -> None:
    """Each test has a store and a work folder of its own, and cheap password hashing."""
    settings.STORE_URL = str(tmp_path / "store")
    settings.WORK_DIR = str(tmp_path / "work")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def at() -> datetime:
    return NOW


@dataclass
class House:
    """A project and its people; `clock` moves only when a test moves it."""

    project: Project
    people: dict[str, User] = field(default_factory=dict)
    clock: datetime = NOW

    def __getattr__(self, name: str) -> User:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def later(self, **span: float) -> datetime:
        self.clock += timedelta(**span)
        return self.clock

    @property
    def queue(self) -> Queue:
        assert self.project.protocol is not None
        return queue_for(project=self.project, protocol=self.project.protocol, at=self.clock)

    def example(
        self, key: str, *, label: str | None = None, split: str = "pool", **attributes: str
    ) -> Example:
        digest = uuid.uuid5(uuid.NAMESPACE_OID, key).hex
        payload, _ = Payload.objects.get_or_create(
            digest=digest, defaults={"body": {"text": f"the text of {key}"}}
        )
        return Example.objects.create(
            project=self.project,
            key=key,
            payload=payload,
            label=label,
            split=split,
            attributes=attributes,
            licence="CC0-1.0",
            created_at=self.clock,
            updated_at=self.clock,
        )

    def task(self, key: str, *, overlap: int = 2, reason: str = "margin", **values: Any) -> Task:
        example = Example.objects.filter(project=self.project, key=key).first() or self.example(key)
        stratum = {"gold": "gold", "audit": "audit"}.get(reason, "certainty")
        task = Task(
            example=example,
            payload_id=example.payload_id,
            reason=reason,
            why="because the test says so",
            stratum=stratum,
            inclusion_probability=0.5 if stratum == "audit" else None,
            overlap=overlap,
            given_label=example.label,
            prediction={"label": "3", "score": 0.6, "top": [["3", 0.6], ["5", 0.3], ["8", 0.1]]},
            **values,
        )
        open_tasks(queue=self.queue, tasks=[task], at=self.clock, source="test")
        return task

    def lease(self, person: User, **values: Any) -> Assignment | None:
        return lease_next(queue=self.queue, person=person, at=self.clock, **values)

    def answer(self, label: str = "3", **values: Any) -> Answer:
        values.setdefault("request_key", uuid.uuid4().hex)
        values.setdefault("confidence", 3)
        return Answer(answers={"digit": label}, **values)

    def submit(self, person: User, label: str = "3", **values: Any) -> Assignment:
        """Lease the next task and answer it."""
        assignment = self.lease(person)
        assert assignment is not None, "there was nothing to lease"
        answer = self.answer(label, **values)
        submit_annotation(assignment_id=assignment.pk, person=person, answer=answer, at=self.clock)
        assignment.refresh_from_db()
        return assignment

    def model(self, **values: Any) -> ModelVersion:
        """The next model version, without weights."""
        assert self.project.protocol is not None
        given = {"digest": uuid.uuid4().hex, "recipe": "image-cnn", "classes": self.project.protocol.classes}
        return register_model(project=self.project, at=self.clock, **{**given, **values})

    def predictions(
        self,
        model: ModelVersion,
        probs: dict[str, list[float]],
        *,
        purpose: str = "pool",
        benchmark: str = "",
    ) -> PredictionSet:
        """What the model gives each key, kept in the store."""
        from apps.registry.domain import PREDICTIONS

        rows = [{"key": key, "probs": probs[key], "fold": -1} for key in sorted(probs)]
        batches = pa.Table.from_pylist(rows, schema=PREDICTIONS).to_batches()
        manifest = {"model": model.digest, "purpose": purpose, "benchmark": benchmark}
        stored = write_table("predictions", batches, schema=PREDICTIONS, manifest=manifest)
        return keep_predictions(
            model=model, purpose=purpose, stored=stored, at=self.clock, benchmark=benchmark
        )

    def rename(self, *options: str, **values: str) -> None:
        """An hour later, the next protocol version with these options; `values` says what becomes of old ones."""
        assert self.project.protocol is not None
        body = self.project.protocol.body
        target = {**body["questions"][0], "options": list(options)}
        body = {**body, "questions": [target, *body["questions"][1:]]}
        mapping = {"questions": {"digit": {"values": values}}}
        at = self.later(hours=1)
        add_protocol(project=self.project, body=body, mapping=mapping, by=self.people["lena"], at=at)

    def freeze(self, n: int = 120, **plan: Any) -> Benchmark:
        """A frozen benchmark of `n` examples: a third of each class, half of each attribute `half`."""
        for i in range(n):
            half = "odd" if i % 2 else "even"
            self.example(f"bench{i:04}", label="358"[i % 3], split="benchmark", half=half)
        values = {"project": self.project, "name": "frozen", "plan": {"superiority": False, **plan}}
        return freeze_benchmark(by=self.people["lena"], at=self.clock, **values)

    def measured(self, right: Callable[[int], bool], **values: Any) -> ModelVersion:
        """A model measured on every benchmark: right on the examples whose number `right` says so of."""
        examples = list(self.project.examples.filter(split="benchmark").order_by("key"))
        probs = {}
        for i, example in enumerate(examples):
            told = "358".index(example.label or "") + (0 if right(i) else 1)
            probs[example.key] = [0.8 if place == told % 3 else 0.1 for place in range(3)]
        model = self.model(**values)
        for benchmark in self.project.benchmarks.all():
            self.predictions(model, probs, purpose="benchmark", benchmark=benchmark.digest)
        return model

    def work(self, run: Run, *, ends: str = RunState.DONE) -> Any:
        """Do the queued run's job in this process, as a worker would, and return the run as it ended."""
        from workers.celery import app

        app.loader.import_default_modules()
        app.tasks[run.JOB.name](run.pk)
        run.refresh_from_db()
        assert run.state == ends, f"the run {run.state}: {run.error}"
        return run


@pytest.fixture
def person(db: Any) -> Callable[..., User]:
    def make(name: str, **values: Any) -> User:
        return User.objects.create_user(name, f"{name}@example.org", "a-long-password", **values)

    return make


@pytest.fixture
def house(person: Callable[..., User]) -> House:
    """Project `digits` with experts erin, emil, ella; leads lena, luis; admin ada; and sam, a stranger."""
    ada = person("ada", is_staff=True)
    project = create_project(slug="digits", name="Digits", by=ada, at=NOW)
    people = {"ada": ada, "sam": person("sam")}
    for name, role in {
        "erin": "expert",
        "emil": "expert",
        "ella": "expert",
        "lena": "lead",
        "luis": "lead",
    }.items():
        people[name] = person(name)
        set_member(project=project, person=people[name], role=role, by=ada, at=NOW)
    add_protocol(project=project, body=PROTOCOL, by=people["lena"], at=NOW)
    house = House(project, people)
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0)
    return house
