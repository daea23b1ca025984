"""One person calling the HTTP API with their token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

PATIENCE = 120.0  # seconds to wait for one job
PAUSE = 0.1


class Refused(RuntimeError):
    """The API answered with an error."""


class Stalled(RuntimeError):
    """A job failed, or did not end in time."""


class Caller:
    """`name`, as the API sees them."""

    def __init__(self, name: str, *, url: str, token: str) -> None:
        self.name = name
        headers = {"Authorization": f"Bearer {token}"}
        # a stack on this machine: proxies of the environment have no part in it
        self._http = httpx.Client(base_url=f"{url}api/v1/", headers=headers, timeout=30, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._call("POST", path, json={} if body is None else body, headers=named)

    def upload(self, path: str, content: bytes, *, kind: str) -> Any:
        return self._call("POST", path, content=content, headers={"Content-Type": kind})

    def lines(self, path: str) -> Iterator[str]:
        """A streamed answer, line by line."""
        with self._http.stream("GET", path) as answer:
            if answer.is_error:
                answer.read()
                raise self._refusal("GET", path, answer)
            yield from answer.iter_lines()

    def every(self, path: str, **query: Any) -> Iterator[Any]:
        """The rows of all pages."""
        page = self.get(path, **query)
        yield from page["results"]
        while page["next"]:
            page = self.get(page["next"])
            yield from page["results"]

    def finished(self, path: str) -> Any:
        """The run at this path, once it is done; raises `Stalled` when it ends otherwise or takes too long."""
        run = self.until(lambda: self._over(path), what=path)
        if run["state"] != "done":
            raise Stalled(f"{path} {run['state']}: {run['error']}")
        return run

    def until(self, look: Callable[[], Any], *, what: str) -> Any:
        """The first answer of `look` that is not empty."""
        end = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > end:
                raise Stalled(f"{what} took over {PATIENCE:.0f} s.")
            time.sleep(PAUSE)
        return found

    def close(self) -> None:
        self._http.close()

    def _over(self, path: str) -> Any:
        run = self.get(path)
        return run if run["state"] in {"done", "failed", "cancelled"} else None

    def _call(self, method: str, path: str, **how: Any) -> Any:
        answer = self._http.request(method, path, **how)
        if answer.is_error:
            raise self._refusal(method, path, answer)
        return answer.json() if answer.content else None

    def _refusal(self, method: str, path: str, answer: httpx.Response) -> Refused:
        return Refused(f"{self.name}: {method} {path} answered {answer.status_code}: {answer.text[:500]}")
