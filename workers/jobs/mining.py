"""Mining: score every example that can be asked about, choose, open tasks."""

from __future__ import annotations

import numpy as np
from django.utils import timezone

from apps.algorithms.selection import audit_sample
from apps.core.jobs import MINE
from apps.core.runs import beat
from apps.mining.domain import Policy, choose, signals_of
from apps.mining.models import MiningRun
from apps.mining.queries import drawn_from, frames_of
from apps.mining.services import record_draw, record_mining
from workers.jobs.claiming import JobFailed, claims


@claims(MINE, MiningRun)
def mine(run: MiningRun) -> None:
    if run.prediction_set is None:
        draw(run)
    else:
        choose_and_open(run)


def draw(run: MiningRun) -> None:
    """By chance alone, where no model can say anything yet."""
    frame, gold = drawn_from(run)
    if len(frame) == 0:
        raise JobFailed(
            "There is nothing to ask about: import examples, or all of them are settled or asked."
        )
    rng = np.random.default_rng(run.seed)
    picks = audit_sample(len(frame), n=min(Policy.parse(run.policy).audit, len(frame)), rng=rng)
    beat(run, at=timezone.now(), step="drawn", done=1, total=2)
    record_draw(run=run, frame=frame, gold=gold, picks=picks, at=timezone.now(), rng=rng)


def choose_and_open(run: MiningRun) -> None:
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
