"""One hundred answers in one request against one hundred submits: the desk's own addresses, one annotator.

Method. The servers, the web, the worker and the queue of `bench/queue.py`. Round after round, the same person answers
100 tasks one at a time (each submit brings the next task, as a browser without one ahead would have it), then takes a
batch of 100 and sends it in one request. Per round and way the time of all requests is divided by the answers; the
medians over the rounds are reported. Both run on the same two cores as the load: read the ratio.

    python -m bench.batches --sizes 10000 100000 --rounds 10
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
import uuid
from urllib.parse import urlencode

import httpx

from bench.queue import ROOT, UNDER_SERVERS, _data, _manage, _server, _worker
from bench.queue_load import CSRF, Target

BATCH = 100
ANSWER = {"answers.digit": "3", "condition": "clear", "confidence": "3", "active_ms": "1500"}


class Annotator:
    """One signed-in person on a keep-alive connection; every way to work says how long it waited, in ms."""

    def __init__(self, port: int, session: str) -> None:
        headers = {"X-CSRFToken": CSRF, "HX-Request": "true"}
        cookies = {"sessionid": session, "csrftoken": CSRF}
        base = f"http://127.0.0.1:{port}/p/bench/desk/"
        self.http = httpx.Client(base_url=base, headers=headers, cookies=cookies, timeout=60, trust_env=False)

    def post(self, path: str, fields: dict[str, object]) -> tuple[str, float]:
        began = time.perf_counter()
        answer = self.http.post(path, data=fields)
        took = 1000 * (time.perf_counter() - began)
        assert answer.status_code == 200, f"{path} answered {answer.status_code}: {answer.text[:500]}"
        return answer.text, took

    def one_at_a_time(self) -> dict[str, float]:
        page, _ = self.post("lease/", {})
        times = []
        for _ in range(BATCH):
            (assignment,) = set(re.findall(r'data-assignment="(\d+)"', page))
            page, took = self.post(f"{assignment}/submit/", {**ANSWER, "request_key": uuid.uuid4().hex})
            times.append(took)
        last = re.findall(r'data-assignment="(\d+)"', page)[0]
        self.post(f"{last}/release/", {})
        return {"submit + next, each": sum(times) / BATCH}

    def in_bulk(self) -> dict[str, float]:
        page, took = self.post("bulk/take/", {"n": BATCH})
        found = re.findall(r'data-assignment="(\d+)"', page)
        assert len(found) == BATCH
        rows = [urlencode({**ANSWER, "assignment": pk, "request_key": uuid.uuid4().hex}) for pk in found]
        told, sent = self.post("bulk/submit/", {"row": rows})
        assert told.count('"submitted"') == BATCH
        return {
            "take 100": took,
            "send 100": sent,
            "take and send, each": (took + sent) / BATCH,
        }


def measure(size: int, rounds: int) -> dict[str, float]:
    people = _data(str(size))
    found: dict[str, list[float]] = {}
    with _server(Target("batches", lambda _: None)) as port:  # type: ignore[arg-type,return-value]
        annotator = Annotator(port, people[0]["session"])
        for turn in range(rounds + 1):
            for name, took in (annotator.one_at_a_time() | annotator.in_bulk()).items():
                if turn:  # the first round warms up
                    found.setdefault(name, []).append(took)
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a batch against single submits.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=10)
    told = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        command = [*UNDER_SERVERS, sys.executable, "-m", "bench.batches", *sys.argv[1:]]
        return subprocess.call(command, cwd=ROOT)
    _manage("migrate", "--verbosity", "0")
    with _worker():
        for size in told.sizes:
            found = measure(size, told.rounds)
            ratio = found["take and send, each"] / found["submit + next, each"]
            print(size, {name: round(ms, 2) for name, ms in found.items()}, f"ratio {ratio:.2f}")
            print(f"Double assignments (must be 0): {_data('check')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
