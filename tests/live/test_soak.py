"""Rough experts at a desk whose parts die while a lead assigns: long by `make soak`, short by `make test`.

No answer lost, none counted twice, overlap never exceeded, the queue never stuck.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
import pytest

from apps.config.demo.caller import Caller, Refused

from .experts import LEASE_SECONDS, Crew, RoughExpert, at_work
from .stack import Stack, until
from .test_servers import admin_of, chain_of_events, member_of, nothing_lost_doubled_or_too_many

UNDONE = """
SELECT count(*) FROM annotation_task AS task JOIN annotation_queue AS queue ON queue.id = queue_id
JOIN projects_project AS project ON project.id = project_id WHERE slug = %s AND state <> 'agreed'
"""
ENDS = """
SELECT assignment.state, count(*) FROM annotation_assignment AS assignment
JOIN annotation_task AS task ON task.id = task_id JOIN annotation_queue AS queue ON queue.id = queue_id
JOIN projects_project AS project ON project.id = project_id WHERE slug = %s GROUP BY 1 ORDER BY 1
"""
EXPIRED = "SELECT count(*) FROM core_event WHERE kind = 'assignment.expired'"


@dataclass
class Lead:
    """Reserves open tasks for groups, lifts it, and changes their priority, all the time."""

    caller: Caller
    slug: str
    experts: int
    acts: int = 0
    refused: int = 0

    def work(self, stop: threading.Event, rng: Random) -> None:
        queue = self.ready()
        while not stop.wait(0.5):
            audience = rng.choice(["group:one", "group:two", "everybody"])
            self.attempt(f"{queue}reserve/", {"select": {"n": 60}, "audience": audience})
            level = rng.choice(["high", "normal", "low"])
            self.attempt(f"{queue}prioritise/", {"select": {"n": 30}, "priority": level})
        until(lambda: self.attempt(f"{queue}reserve/", {"audience": "everybody"}), what="the lifting of all")

    def ready(self) -> str:
        """The address of the queue, once there are two groups."""
        names = [f"{self.slug}-{n}" for n in range(self.experts)]
        for group, people in (("one", names[::2]), ("two", names[1::2])):
            self.caller.post(f"projects/{self.slug}/groups/", {"name": group, "people": people})
        return f"queues/{self.caller.get(f'projects/{self.slug}/queues/')[0]['id']}/"

    def attempt(self, path: str, body: dict[str, Any]) -> bool:
        """Whether it was done, or nothing is open any more; a refusal, and a server that is away, do no harm."""
        try:
            self.caller.post(path, body)
        except Refused as error:
            self.refused += 1
            return "nothing_selected" in str(error)
        except Exception:  # the server, or its database, has just been killed
            return False
        self.acts += 1
        return True


@contextlib.contextmanager
def a_lead(stack: Stack, slug: str, *, experts: int, rng: Random) -> Iterator[Lead]:
    """One who assigns while the block lasts, and lifts all reservations at its end."""
    lead = Lead(member_of(stack, slug, f"{slug}-lead", "lead"), slug, experts)
    stop = threading.Event()
    thread = threading.Thread(target=lead.work, args=[stop, rng], daemon=True)
    thread.start()
    try:
        yield lead
    finally:
        stop.set()
        thread.join(90)


def harm(stack: Stack, slug: str, crew: Crew, *, parts: list[str], seconds: float) -> None:
    """Kill one part after the other, evenly over the time; after each is back, answers must come until all is done."""
    began = time.monotonic()
    for place, part in enumerate(parts, start=1):
        stack.until_back(part, but=stack.kill(part))
        wanted = len(crew.kept) + 10
        until(lambda wanted=wanted: len(crew.kept) >= wanted or done(stack, slug), what="more answers")
        time.sleep(max(0.0, began + seconds * place / len(parts) - time.monotonic()))


def done(stack: Stack, slug: str) -> bool:
    """Whether every task has its answers; a database that is away cannot tell."""
    with contextlib.suppress(psycopg.OperationalError):
        return bool(stack.value(UNDONE, slug) == 0)
    return False


def figures(stack: Stack, slug: str, crew: Crew, lead: Lead) -> dict[str, Any]:
    """What happened, to be read in the report of the test."""
    rough = [one for one in crew.experts if isinstance(one, RoughExpert)]
    told = {name: sum(getattr(one, name) for one in rough) for name in ("hung_up", "doubled", "late")}
    ends = dict(stack.rows(ENDS, slug))
    troubles = len(crew.troubles)
    return {**told, "answers": len(crew.kept), "ends": ends, "troubles": troubles, "assigned": lead.acts}


@pytest.mark.timeout(240)
def test_eight_rough_experts_finish_every_task_while_parts_die_and_a_lead_assigns(stack: Stack) -> None:
    rng, slug, experts = Random(20_261_125), "short-soak", 8
    tokens = stack.desk(slug, experts=experts, tasks=200, overlap=2, lease_seconds=LEASE_SECONDS)
    admin = admin_of(stack, slug)

    with at_work(stack, slug, tokens, rng=rng) as crew:
        with a_lead(stack, slug, experts=experts, rng=rng) as lead:
            harm(stack, slug, crew, parts=["worker", "database"], seconds=6)
        until(lambda: done(stack, slug), what="the last answer of the last task")

    print(figures(stack, slug, crew, lead))
    assert lead.acts
    nothing_lost_doubled_or_too_many(stack, slug, crew)
    assert chain_of_events(admin, slug)["broken_at"] is None


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_sixty_four_experts_lose_nothing_while_parts_die_and_a_lead_assigns(stack: Stack) -> None:
    rng, slug, experts = Random(20_261_123), "soak", 64
    tokens = stack.desk(slug, experts=experts, tasks=12_000, overlap=2, lease_seconds=LEASE_SECONDS)
    admin = admin_of(stack, slug)
    # at the fifth crash in a row the supervisor gives a part up, and says so
    parts = rng.sample(["worker", "web", "broker", "database"], k=7, counts=[3, 1, 1, 2])

    with at_work(stack, slug, tokens, rng=rng) as crew:
        with a_lead(stack, slug, experts=experts, rng=rng) as lead:
            harm(stack, slug, crew, parts=parts, seconds=60)
        crew.until_answered(experts)

    print(figures(stack, slug, crew, lead))
    assert lead.acts
    assert stack.value(EXPIRED)
    nothing_lost_doubled_or_too_many(stack, slug, crew)
    assert chain_of_events(admin, slug)["broken_at"] is None
