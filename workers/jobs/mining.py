"""Mining: score every example that can be asked about, choose, open tasks."""

from __future__ import annotations

import numpy as np
from django.utils import timezone

from apps.core.jobs import MINE
from apps.core.runs import beat
from apps.mining.domain import Policy, choose, signals_of
from apps.mining.models import MiningRun
from apps.mining.queries import frames_of
from apps.mining.services import record_mining
from workers.jobs.claiming import JobFailed, claims


@claims(MINE, MiningRun)
def mine(run: MiningRun) -> None:
    frame, gold = frames_of(run)
    if len(frame.example_ids) == 0:
        raise JobFailed(
            "There is nothing left to mine: every predicted example is settled, being asked, gold or gone."
        )
    beat(run, at=timezone.now(), step="scored", done=1, total=3)
    rng = np.random.default_rng(run.seed)
    signals = signals_of(frame)
    picks = choose(frame, signals, Policy.parse(run.policy), rng)
    beat(run, at=timezone.now(), step="chosen", done=2, total=3)
    record_mining(run=run, frame=frame, gold=gold, signals=signals, picks=picks, at=timezone.now(), rng=rng)
