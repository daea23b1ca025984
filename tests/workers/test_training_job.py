"""Training by the real learner, in its own process: options that change meanwhile, several benchmarks, one model."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from apps.core.models import RunState
from apps.core.store import read_manifest, read_table
from apps.curricula.services import approve_proposal, start_proposal
from apps.datasets.services import start_snapshot
from apps.examples.models import Payload
from apps.projects.services import add_protocol
from apps.registry.models import PredictionRun
from apps.registry.services import move_alias, queue_prediction
from apps.training.models import Gate, TrainingRun
from apps.training.services.gates import freeze_benchmark
from apps.training.services.runs import add_recipe, start_training
from tests.conftest import PROTOCOL, House
from workers.jobs.child import environment
from workers.learner.contract import canonical

pytestmark = pytest.mark.django_db

CONTENT = ("contract", "recipe", "classes", "input", "weights_sha256")  # what a model's digest is over

WORDS = {"3": "three tree trio", "5": "five hive cinq", "8": "eight gate huit", "9": "nine mine neuf"}


def protocol(house: House, options: list[str]) -> None:
    body = json.loads(json.dumps(PROTOCOL))
    body["questions"][0]["options"] = options
    add_protocol(project=house.project, body=body, by=house.lena, at=house.later(seconds=1))
    house.project.refresh_from_db()


def rows(house: House, split: str, labels: str, n: int) -> None:
    for place in range(n):
        label = labels[place % len(labels)]
        key = f"{split}{labels}{place:02}"
        words = np.random.default_rng(place).permutation(WORDS[label].split())
        digest = uuid.uuid5(uuid.NAMESPACE_OID, key).hex
        Payload.objects.create(digest=digest, body={"text": " ".join([*words, key])})
        house.project.examples.create(
            key=key, payload_id=digest, label=label, split=split, created_at=house.clock,
            updated_at=house.clock,
        )  # fmt: skip


def freeze(house: House, name: str) -> None:
    plan = {"floor": 0.1, "slice_floor": 0.1, "superiority": False, "margin": 0.3, "brier_margin": 0.3}
    freeze_benchmark(project=house.project, name=name, plan=plan, by=house.lena, at=house.later(seconds=1))


@pytest.fixture
def project(house: House) -> House:
    rows(house, "train", "358", 18)
    rows(house, "benchmark", "358", 12)
    freeze(house, "plain")
    freeze(house, "another")
    add_recipe(
        project=house.project, by=house.lena, at=house.clock, learner="text-ngrams", cross_fit=2,
        params={"buckets": 1024}, budget_seconds=60,
    )  # fmt: skip
    return house


def queued(house: House) -> TrainingRun:
    cut = house.work(start_snapshot(project=house.project, by=house.lena, at=house.later(seconds=1)))
    return proposed(house, cut.dataset)


def proposed(house: House, dataset: Any) -> TrainingRun:
    at = house.later(seconds=1)
    made = house.work(start_proposal(project=house.project, dataset=dataset, by=house.lena, at=at)).proposal
    digest = made.curriculum.digest
    approve_proposal(proposal_id=made.pk, project=house.project, by=house.luis, digest=digest, at=at)
    return start_training(proposal_id=made.pk, at=house.later(seconds=1))


def promoted(house: House, run: TrainingRun) -> None:
    move_alias(
        project=house.project, name="production", model=run.model, kind="override", by=house.lena,
        at=house.clock, reason="for the test",
    )  # fmt: skip


def test_options_turned_round_between_the_cut_and_the_training_turn_no_label_round(project: House) -> None:
    house = project
    house.task("train35800", overlap=1)
    house.submit(house.erin, "3")  # gives a soft label
    cut = house.work(start_snapshot(project=house.project, by=house.lena, at=house.later(seconds=1)))
    protocol(house, ["8", "5", "3"])
    soft = read_table("datasets", cut.dataset.digest)["soft"].to_pylist()
    assert [row for row in soft if row] == [[1.0, 0.0, 0.0]]

    run = house.work(proposed(house, cut.dataset))

    assert run.model.classes == ["3", "5", "8"]
    sets = {(found.purpose, found.benchmark): found for found in run.model.prediction_sets.all()}
    assert len(sets) == 2  # the two benchmarks hold the same rows
    for found in sets.values():
        assert found.classes == read_manifest("predictions", found.digest)["classes"] == ["3", "5", "8"]
    measured = sets["benchmark", house.project.benchmarks.first().digest]
    table = read_table("predictions", measured.digest).to_pylist()
    told = [run.model.classes[int(np.argmax(row["probs"]))] for row in table]
    given = [house.project.examples.get(key=row["key"]).label for row in table]
    assert np.mean([a == b for a, b in zip(told, given, strict=True)]) > 0.8
    assert {gate.benchmark.name for gate in Gate.objects.all()} == {"plain", "another"}


def test_a_class_that_came_is_trained_beside_the_base_and_judged_on_every_benchmark(project: House) -> None:
    house = project
    promoted(house, house.work(queued(house)))
    protocol(house, ["9", "3", "5", "8"])
    rows(house, "train", "9", 6)
    rows(house, "benchmark", "9", 4)
    freeze(house, "with nines")
    house.work(PredictionRun.objects.get())  # production, measured on the new one

    run = house.work(queued(house))

    assert run.error == ""
    assert run.model.classes == ["9", "3", "5", "8"]
    assert run.report["drift_classes"] == ["3", "5", "8"]
    gates = Gate.objects.filter(candidate=run.model)
    assert {gate.benchmark.name for gate in gates} == {"plain", "another", "with nines"}
    assert {gate.baseline for gate in gates} == {run.base}


def test_a_class_that_went_is_trained_without(project: House) -> None:
    house = project
    promoted(house, house.work(queued(house)))
    protocol(house, ["3", "5"])
    run = house.work(queued(house))
    assert run.model.classes == ["3", "5"]
    for gate in Gate.objects.filter(candidate=run.model):
        overall = next(c for c in gate.checks if c["kind"] == "floor" and c["name"] == "overall")
        assert overall["n"] == gate.benchmark.rows * 2 // 3, "the third that are 8s measures nobody any more"


def test_what_the_learner_wrote_in_a_prediction_run_that_crashed_is_kept(project: House) -> None:
    house = project
    run = house.work(queued(house))
    (weights,) = (Path(settings.STORE_URL) / "models").rglob("weights.safetensors")
    manifest = weights.with_name("model.json")
    content = json.loads(manifest.read_text()) | {"input": {"field": ["text"]}}
    content["digest"] = hashlib.sha256(canonical({name: content[name] for name in CONTENT})).hexdigest()
    manifest.write_text(json.dumps(content))
    said = json.loads(weights.with_name("manifest.json").read_text())
    said["files"]["model.json"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    weights.with_name("manifest.json").write_text(json.dumps(said))

    predicting = house.work(
        queue_prediction(model=run.model, by=house.lena, at=house.clock), ends=RunState.FAILED
    )

    assert "crashed" in predicting.error
    assert "Traceback" in predicting.log


def test_the_learner_learns_neither_the_database_nor_the_secrets() -> None:
    secrets = {
        "DATABASE_URL": "postgres://…",
        "SECRET_KEY": "s",
        "BROKER_URL": "redis://…",
        "AWS_SECRET_ACCESS_KEY": "k",
    }
    needed = {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "0",
        "OMP_NUM_THREADS": "1",
        "LOCAL_RANK": "0",
        "LC_ALL": "C",
    }
    assert environment({**secrets, **needed}) == needed


def test_a_purged_row_stops_the_training_and_is_named(project: House) -> None:
    house = project
    run = queued(house)
    Payload.objects.filter(examples__key="train35800").update(body=None, purged_at=house.clock)
    assert "purged since" in house.work(run, ends=RunState.FAILED).error
