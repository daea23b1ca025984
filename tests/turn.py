"""One turn of the loop, made by the services and jobs; only the learner's outputs are written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from apps.core.runs import claim
from apps.core.store import Stored, write_table
from apps.curricula.models import Proposal
from apps.curricula.services import approve_proposal, start_proposal
from apps.datasets.models import DatasetVersion
from apps.datasets.services import start_snapshot
from apps.mining.models import MiningRun
from apps.mining.services import start_mining
from apps.registry.domain import PREDICTIONS
from apps.registry.models import ModelVersion
from apps.registry.services import record_prediction
from apps.rounds.models import Round
from apps.rounds.services import open_first_round
from apps.training.models import Gate, TrainingRun
from apps.training.services.gates import promote
from apps.training.services.runs import add_recipe, finish_training, record_training, start_training
from tests.conftest import House

ROWS = 12  # of each: taught and minable
FROZEN = 60


def stored(keys: dict[str, str], *, right: float, model: str, purpose: str) -> Stored:
    """Outputs that are right on the first share of the keys, and sure of the next class on the rest."""
    rows = []
    for place, (key, label) in enumerate(sorted(keys.items())):
        probs = [0.1, 0.1, 0.1]
        probs[("358".index(label) + (place >= round(right * len(keys)))) % 3] = 0.8
        rows.append({"key": key, "probs": probs, "fold": -1})
    batch = pa.RecordBatch.from_pylist(rows, schema=PREDICTIONS)
    manifest = {"model": model, "purpose": purpose}
    return write_table("predictions", [batch], schema=PREDICTIONS, manifest=manifest)


@dataclass
class Turn:
    """The house with examples, a frozen benchmark and a recipe; each step does all that comes before it."""

    house: House

    def __post_init__(self) -> None:
        for place in range(ROWS):
            self.house.example(f"t{place:02}", label="358"[place % 3], split="train")
            self.house.example(f"p{place:02}")
        plan = {"floor": 0.3, "slice_floor": 0.3, "margin": 0.1, "brier_margin": 0.1}
        self.house.freeze(FROZEN, **plan)
        values = {"project": self.house.project, "by": self.house.lena, "at": self.house.clock}
        add_recipe(learner="image-cnn", **values)

    def _values(self, person: str = "lena") -> dict[str, Any]:
        at = self.house.later(seconds=1)
        return {"project": self.house.project, "by": self.house.people[person], "at": at}

    def dataset(self) -> DatasetVersion:
        return self.house.work(start_snapshot(**self._values())).dataset  # type: ignore[no-any-return]

    def proposal(self, note: str = "") -> Proposal:
        run = start_proposal(dataset=self.dataset(), note=note, **self._values())
        return self.house.work(run).proposal  # type: ignore[no-any-return]

    def approved(self) -> Proposal:
        proposal = self.proposal()
        digest = proposal.curriculum.digest
        approve_proposal(proposal_id=proposal.pk, digest=digest, **self._values("luis"))
        proposal.refresh_from_db()
        return proposal

    def queued(self) -> TrainingRun:
        return start_training(proposal_id=self.approved().pk, at=self.house.later(seconds=1))

    def running(self) -> TrainingRun:
        return claim(TrainingRun, self.queued().pk, at=self.house.later(seconds=1))

    def gate(self, *, right: float = 1.0) -> Gate:
        """A candidate that is right on this share of the benchmark, trained and judged."""
        run = self.running()
        keys = {f"bench{i:04}": "358"[i % 3] for i in range(FROZEN)}
        table = stored(keys, right=right, model=str(run.pk), purpose="benchmark")
        measured = {benchmark.digest: table for benchmark in run.benchmarks.all()}
        report = {"resources": {"wall_seconds": 8.0}}
        model = {"digest": f"{run.pk:064x}", "classes": ["3", "5", "8"]}
        at = self.house.later(seconds=8)
        record_training(run=run, model=model, report=report, measured=measured, at=at)
        return finish_training(run=run, at=at)[0]

    def production(self, *, right: float = 0.8) -> ModelVersion:
        """A promoted model that has predicted everything that can be mined."""
        gate = self.gate(right=right)
        promote(gate_id=gate.pk, **self._values("luis"))
        run = self.house.project.prediction_runs.latest("pk")
        keys = {f"{kind}{i:02}": "358"[i % 3] for i in range(ROWS) for kind in "tp"}
        held = claim(type(run), run.pk, at=self.house.later(seconds=1))
        table = stored(keys, right=0.75, model=str(run.pk), purpose="pool")
        record_prediction(run=held, stored=table, at=self.house.later(seconds=1))
        return gate.candidate

    def round(self) -> Round:
        self.production()
        return open_first_round(**self._values())

    def mined(self, **policy: int) -> MiningRun:
        """Round 1 with a finished mining run; one answer closes a task."""
        self.round()
        values = {"audit": 4, "margin": 3, "label_error": 3, "overlap": 1, **policy}
        return self.house.work(start_mining(policy=values, **self._values()))  # type: ignore[no-any-return]

    def answered(self) -> MiningRun:
        """Everything answered by erin: 3, whatever was given."""
        run = self.mined()
        while self.house.lease(self.house.erin):
            self.house.submit(self.house.erin, "3")
        return run
