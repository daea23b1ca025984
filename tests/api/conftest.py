"""A caller of the API: JSON in, JSON out, signed in by token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.core.runs import claim
from apps.core.store import Stored, write_table
from apps.registry.domain import PREDICTIONS
from apps.registry.models import PredictionRun
from apps.registry.services import record_prediction
from apps.training.models import TrainingRun
from apps.training.services.runs import finish_training, record_training
from workers.jobs.curricula import propose
from workers.jobs.datasets import snapshot
from workers.jobs.exchange import import_rows
from workers.jobs.mining import mine

V1 = "/api/v1/"


class Caller:
    """One person with a token; each call checks the status it should have, and returns the JSON."""

    def __init__(self, person: User | None) -> None:
        self.client = APIClient(raise_request_exception=True)
        if person is not None:
            _, secret = create_token(user=person, name="test", at=timezone.now())
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def get(self, path: str, *, status: int = 200, **query: Any) -> Any:
        return self._checked(self.client.get(V1 + path, query), status)

    def post(self, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        return self._checked(self.client.post(V1 + path, body or {}, format="json", headers=headers), status)

    def put(self, path: str, body: Any, *, status: int = 200) -> Any:
        return self._checked(self.client.put(V1 + path, body, format="json"), status)

    def delete(self, path: str, *, status: int = 204) -> Any:
        return self._checked(self.client.delete(V1 + path), status)

    def upload(self, path: str, content: bytes, kind: str, *, status: int = 202, **extra: Any) -> Any:
        answer = self.client.generic("POST", V1 + path, content, content_type=kind, **extra)
        return self._checked(answer, status)

    def refused(
        self, method: str, path: str, body: Any = None, *, status: int, code: str, **headers: str
    ) -> Any:
        """The error of a call that must not succeed."""
        answer = getattr(self.client, method)(V1 + path, body or {}, format="json", headers=headers)
        error = self._checked(answer, status)["error"]
        assert error["code"] == code, error
        assert error["message"].endswith((".", "`.")), "a sentence for people"
        return error

    def _checked(self, answer: Any, status: int) -> Any:
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == status, f"{answer.status_code}: {content[:500]!r}"
        if answer.streaming:
            return content
        return json.loads(content) if content else None


@pytest.fixture
def call(db: Any) -> Callable[[User | None], Caller]:
    return Caller


CLASSES = ["3", "5", "8"]
JOBS: dict[str, Any] = {
    "imports": import_rows,
    "snapshot-runs": snapshot,
    "curriculum-runs": propose,
    "mining-runs": mine,
}


def rows_of(split: str, n: int, *, labelled: bool = True) -> list[dict[str, Any]]:
    """`n` example rows, the label of the i-th being CLASSES[i % 3]."""
    rows = []
    for i in range(n):
        row = {"key": f"{split}-{i:03d}", "payload": {"text": f"{split} text {i}"}, "split": split}
        rows.append({**row, "licence": "CC0-1.0", "label": CLASSES[i % 3] if labelled else None})
    return rows


class Loop:
    """The house with data, going round by HTTP. Jobs run here; only the learner's outputs are written by hand."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.lena, self.luis, self.ada = (Caller(house.people[name]) for name in ("lena", "luis", "ada"))
        self.home = "projects/digits/"

    def done(self, kind: str, run: dict[str, Any]) -> dict[str, Any]:
        """The run after its job has been done."""
        JOBS[kind](run["id"])
        row = self.lena.get(f"{kind}/{run['id']}/")
        assert row["state"] == "done", row["error"]
        return dict(row)

    def bring_in(self, rows: list[dict[str, Any]], query: str = "") -> dict[str, Any]:
        content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        run = self.lena.upload(f"{self.home}imports/{query}", content, "application/x-ndjson")
        return self.done("imports", run)

    def dataset(self) -> str:
        run = self.lena.post(f"{self.home}dataset-versions/", status=202)
        return str(self.done("snapshot-runs", run)["dataset"])

    def proposal(self) -> dict[str, Any]:
        run = self.lena.post(
            f"{self.home}proposals/", {"dataset": self.dataset(), "note": "why not"}, status=202
        )
        number = self.done("curriculum-runs", run)["proposal"]
        return dict(self.luis.get(f"proposals/{number}/"))

    def approved(self) -> dict[str, Any]:
        proposal = self.proposal()
        digest = proposal["curriculum"]["digest"]
        self.luis.post(f"proposals/{proposal['id']}/approve/", {"digest": digest}, status=201)
        return proposal

    def gate(self, *, right: float = 1.0) -> dict[str, Any]:
        """The judgement of a candidate that is right on this share of the benchmark."""
        body = {"proposal": self.approved()["id"]}
        number = self.luis.post(f"{self.home}training-runs/", body, status=202)["id"]
        run = claim(TrainingRun, number, at=timezone.now())
        table = predictions("benchmark", 60, right=right, model=str(number))
        measured = {benchmark.digest: table for benchmark in run.benchmarks.all()}
        model = {"digest": f"{number:064x}", "classes": CLASSES}
        record_training(run=run, model=model, report={"slices": {}}, measured=measured, at=timezone.now())
        finish_training(run=run, at=timezone.now())
        return dict(self.luis.get(f"{self.home}gates/")["results"][0])

    def promoted(self) -> dict[str, Any]:
        """A base model in production, with its predictions of everything that can be mined."""
        gate = self.gate(right=0.8)
        self.luis.post(f"gates/{gate['id']}/promote/", status=201)
        queued = self.luis.get(f"{self.home}prediction-runs/")["results"][0]
        run = claim(PredictionRun, queued["id"], at=timezone.now())
        stored = predictions("pool", 40, right=0.5, model="base")
        record_prediction(run=run, stored=stored, at=timezone.now())
        return gate


def predictions(split: str, n: int, *, right: float, model: str) -> Stored:
    """Outputs on `rows_of(split, n)`: the first share of rows right, the others sure of the next class."""
    rows = []
    for i in range(n):
        probs = [0.1, 0.1, 0.1]
        probs[(i if i < round(right * n) else i + 1) % 3] = 0.8
        rows.append({"key": f"{split}-{i:03d}", "probs": probs, "fold": -1})
    batch = pa.RecordBatch.from_pylist(rows, schema=PREDICTIONS)
    return write_table(
        "predictions", [batch], schema=PREDICTIONS, manifest={"model": model, "purpose": split}
    )


@pytest.fixture
def loop(house: Any) -> Loop:
    """30 labelled rows to train on, 40 to mine, 60 of a frozen benchmark, 2 gold."""
    loop = Loop(house)
    rows = rows_of("train", 30) + rows_of("pool", 40, labelled=False) + rows_of("benchmark", 60)
    loop.bring_in(rows)
    loop.lena.post(f"{loop.home}recipes/", {"learner": "image-cnn"}, status=201)
    plan = {"floor": 0.5, "margin": 0.1, "brier_margin": 0.1, "superiority": False}
    loop.lena.post(f"{loop.home}benchmarks/", {"name": "sixty", "plan": plan}, status=201)
    loop.lena.post(f"{loop.home}gold/", {"labels": {"pool-000": "3", "pool-001": "5"}}, status=201)
    return loop
