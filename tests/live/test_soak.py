"""Minutes of work while parts die at random; `make soak` runs it, `make test` does not."""

from __future__ import annotations

from random import Random

import pytest

from .experts import at_work
from .stack import Stack
from .test_servers import admin_of, chain_of_events, nothing_lost_doubled_or_too_many

PARTS = ["web", "broker", "database", "worker"]
TIMES = 4  # each part is killed so often: at the fifth crash in a row the supervisor gives it up, and says so
BETWEEN = 100  # answers acknowledged after each


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_sixteen_experts_lose_nothing_while_parts_die_at_random(stack: Stack) -> None:
    rng = Random(20_261_123)
    tokens = stack.desk("soak", experts=16, tasks=20_000, overlap=2)
    admin = admin_of(stack, "soak")

    with at_work(stack, "soak", tokens) as crew:
        for part in rng.sample(PARTS, k=len(PARTS) * TIMES, counts=[TIMES] * len(PARTS)):
            stack.until_back(part, but=stack.kill(part))
            crew.until_answered(BETWEEN)

    nothing_lost_doubled_or_too_many(stack, "soak", crew)
    assert chain_of_events(admin, "soak")["broken_at"] is None
