"""Experts at work through the API, who send again under the same key until they are told that it was kept."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from .stack import Stack, until

PATIENCE = 45.0  # seconds for which an expert sends the same answer again
LEASE_SECONDS = 3
ANSWER = {"answers": {"digit": "3"}}


@dataclass
class Expert:
    """One person with a browser of their own. `kept` maps each key sent to the annotation it was told of."""

    token: str
    url: str
    slug: str
    kept: dict[str, int] = field(default_factory=dict)
    troubles: list[int | str] = field(default_factory=list)
    failure: str = ""

    def work(self, stop: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(
            base_url=f"{self.url}api/v1/", headers=headers, timeout=30, trust_env=False
        ) as http:
            try:
                self._answer_all(http, stop)
            except Exception as error:  # told in the test's own thread
                self.failure = f"{type(error).__name__}: {error}"

    def _answer_all(self, http: httpx.Client, stop: threading.Event) -> None:
        hand = self._send(http, f"projects/{self.slug}/assignments/next/", {}, "")
        while hand["assignment"] and not stop.is_set():
            key = uuid.uuid4().hex
            path = f"assignments/{hand['assignment']['id']}/annotations/?next=true"
            hand = self._send(http, path, ANSWER, key)
            self.kept[key] = hand["annotation"]["id"]

    def _send(self, http: httpx.Client, path: str, body: Any, key: str) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = http.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError as error:
                self.troubles.append(type(error).__name__)
            else:
                if answer.status_code < 500:
                    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
                    return answer.json()
                self.troubles.append(answer.status_code)
            assert time.monotonic() < end, (
                f"{path} was not answered in {PATIENCE:.0f} s: {self.troubles[-5:]}"
            )
            time.sleep(0.1)


@dataclass
class RoughExpert(Expert):
    """As people are: hangs up and sends again, sends twice at once, stays away past the lease, looks again later."""

    rng: Random = field(default_factory=Random)
    hung_up: int = 0
    doubled: int = 0
    late: int = 0

    def _answer_all(self, http: httpx.Client, stop: threading.Event) -> None:
        while not stop.is_set():
            hand = self._send(http, f"projects/{self.slug}/assignments/next/", {}, "")
            while hand["assignment"] and not stop.is_set():
                key = uuid.uuid4().hex
                path = f"assignments/{hand['assignment']['id']}/annotations/?next=true"
                self._mishap(http, path, key, stop)
                hand = self._send(http, path, ANSWER, key)
                self.kept[key] = hand["annotation"]["id"]
            stop.wait(0.3)

    def _mishap(self, http: httpx.Client, path: str, key: str, stop: threading.Event) -> None:
        chance = self.rng.random()
        if chance < 0.06:
            self.hung_up += 1
            with contextlib.suppress(httpx.TransportError):
                http.post(path, json=ANSWER, headers={"Idempotency-Key": key}, timeout=0.01)
        elif chance < 0.12:
            self.doubled += 1
            twin = threading.Thread(target=self._send_blindly, args=[path, key])
            twin.start()
        elif chance < 0.14:
            self.late += 1
            stop.wait(LEASE_SECONDS + 1)

    def _send_blindly(self, path: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        with contextlib.suppress(httpx.TransportError):
            httpx.post(f"{self.url}api/v1/{path}", json=ANSWER, headers=headers, timeout=30, trust_env=False)


@dataclass
class Crew:
    experts: list[Expert]

    @property
    def kept(self) -> dict[str, int]:
        return {key: number for expert in self.experts for key, number in list(expert.kept.items())}

    @property
    def troubles(self) -> list[int | str]:
        return [trouble for expert in self.experts for trouble in list(expert.troubles)]

    def until_answered(self, more: int) -> None:
        """Until so many more answers have been acknowledged."""
        wanted = len(self.kept) + more
        until(lambda: len(self.kept) >= wanted or self.failures, what=f"{more} more answers")
        assert not self.failures

    @property
    def failures(self) -> list[str]:
        return [expert.failure for expert in self.experts if expert.failure]


@contextlib.contextmanager
def at_work(stack: Stack, slug: str, tokens: list[str], *, rng: Random | None = None) -> Iterator[Crew]:
    """All of them answering at once, roughly where there is chance; they finish what they have in hand at the end."""
    stop, people = threading.Event(), [Expert(token, stack.url, slug) for token in tokens]
    if rng is not None:
        people = [RoughExpert(token, stack.url, slug, rng=Random(rng.random())) for token in tokens]
    crew = Crew(people)
    threads = [threading.Thread(target=expert.work, args=[stop], daemon=True) for expert in crew.experts]
    for thread in threads:
        thread.start()
    try:
        yield crew
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE + 30)
    assert not any(thread.is_alive() for thread in threads), "an expert is still waiting for an answer"
    assert not crew.failures
