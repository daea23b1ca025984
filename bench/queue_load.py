"""The load: annotators on keep-alive connections, each sending its next request when the last has been answered."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

CSRF = "a" * 32
FORM = "application/x-www-form-urlencoded"


@dataclass
class Annotator:
    """One signed-in person: what the last answer told them to do next."""

    session: str
    token: str
    assignment: str = ""


@dataclass(frozen=True)
class Request:
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """A way to label: `start` makes the first request, `request` the next, `learn` reads the answer.

    `then` makes a request after each that is not timed, to be able to make the next.
    """

    name: str
    request: Callable[[Annotator], Request]
    start: Callable[[Annotator], Request] | None = None
    learn: Callable[[Annotator, bytes], None] | None = None
    then: Callable[[Annotator], Request] | None = None
    environment: dict[str, str] = field(default_factory=dict)


def _cookies(annotator: Annotator) -> dict[str, str]:
    cookie = f"sessionid={annotator.session}; csrftoken={CSRF}"
    return {"Cookie": cookie, "X-CSRFToken": CSRF, "HX-Request": "true", "Content-Type": FORM}


def _desk_start(annotator: Annotator) -> Request:
    return Request("/p/bench/desk/lease/", headers=_cookies(annotator))


def _desk_submit(annotator: Annotator) -> Request:
    values = {"answers.digit": "3", "answers.legibility": "4", "condition": "clear", "active_ms": "1500"}
    body = urlencode({**values, "request_key": uuid.uuid4().hex}).encode()
    return Request(f"/p/bench/desk/{annotator.assignment}/submit/", body, _cookies(annotator))


def _desk_learn(annotator: Annotator, body: bytes) -> None:
    found = re.search(rb"/desk/(\d+)/submit/", body)
    if found is None:
        raise RuntimeError(f"The desk's answer holds no next task: {body[:600]!r}")
    annotator.assignment = found.group(1).decode()


def _bearer(annotator: Annotator) -> dict[str, str]:
    return {"Authorization": f"Bearer {annotator.token}", "Content-Type": "application/json"}


def _api_start(annotator: Annotator) -> Request:
    return Request("/api/v1/projects/bench/assignments/next/", headers=_bearer(annotator))


def _api_submit(annotator: Annotator) -> Request:
    answer = {"answers": {"digit": "3", "legibility": 4}, "condition": "clear", "active_ms": 1500}
    headers = {**_bearer(annotator), "Idempotency-Key": uuid.uuid4().hex}
    return Request(
        f"/api/v1/assignments/{annotator.assignment}/annotations/?next=true",
        json.dumps(answer).encode(),
        headers,
    )


def _api_learn(annotator: Annotator, body: bytes) -> None:
    answer = json.loads(body)
    annotator.assignment = str(answer.get("next", answer)["assignment"]["id"])


def _api_skip(annotator: Annotator) -> Request:
    body = json.dumps({"reason": "other"}).encode()
    return Request(f"/api/v1/assignments/{annotator.assignment}/skip/", body, _bearer(annotator))


TARGETS = (
    Target("desk submit+next", _desk_submit, _desk_start, _desk_learn),
    Target("API submit+next", _api_submit, _api_start, _api_learn),
    Target("desk next alone", _desk_start, learn=_desk_learn, then=_api_skip),
    Target("floor 2: door", lambda a: Request("/bench/bench/door/", headers=_cookies(a))),
    Target("floor 1: bare", lambda _: Request("/bench/bare/"), environment={"BENCH_BARE": "1"}),
)


class Connection:
    """HTTP/1.1 with as little client cost as there can be: it shares the server's two cores."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: Request) -> bytes:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        length = f"Content-Length: {len(request.body)}"
        head = f"POST {request.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}{length}\r\n\r\n"
        writer.write(head.encode() + request.body)
        status, length = await self._head(reader)
        body = await reader.readexactly(length)
        if status not in (200, 201):
            raise RuntimeError(f"{request.path} answered {status}: {body[:600]!r}")
        return body

    async def _head(self, reader: asyncio.StreamReader) -> tuple[int, int]:
        lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        length = next(
            int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")
        )
        return int(lines[0].split()[1]), length


async def drive(
    target: Target, annotators: list[Annotator], *, port: int, seconds: float, warm: float
) -> list[float]:
    """Latencies in seconds of all requests answered between `warm` and `warm + seconds`."""
    began = time.perf_counter()
    until, latencies = began + warm + seconds, []

    async def work(annotator: Annotator) -> None:
        connection = Connection(port)
        if target.start and target.learn:
            target.learn(annotator, await connection.post(target.start(annotator)))
        while (sent := time.perf_counter()) < until:
            body = await connection.post(target.request(annotator))
            answered = time.perf_counter()
            if target.learn:
                target.learn(annotator, body)
            if sent >= began + warm and answered <= until:
                latencies.append(answered - sent)
            if target.then:
                await connection.post(target.then(annotator))

    await asyncio.gather(*(work(annotator) for annotator in annotators))
    return latencies
