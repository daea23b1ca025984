"""The learner as its callers meet it: specs and Parquet in a folder, a child process, JSON lines."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from workers.learner.__main__ import run
from workers.learner.lines import Lines
from workers.learner.watch import Watch

ROOT = Path(__file__).parents[3]
CLASSES = [str(digit) for digit in range(10)]
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("payload", pa.string()),
        ("label", pa.string()),
        ("soft", pa.list_(pa.float32())),
        ("weight", pa.float32()),
        ("stage", pa.int32()),
        ("attributes", pa.string()),
    ]
)


def row(key: str, payload: str, label: str, **more: Any) -> dict[str, Any]:
    plain = {"soft": None, "weight": 1.0, "stage": 0, "attributes": "{}"}
    return {"key": key, "payload": payload, "label": label, **plain, **more}


@dataclass(frozen=True)
class Digits:
    """scikit-learn's digits as PNGs; a tenth of the 300 `train` places carries a wrong given label."""

    payloads: list[str]
    truth: Any
    train: Any
    pool: Any
    benchmark: Any
    given: Any
    planted: Any

    def train_rows(self, n: int = 300) -> list[dict[str, Any]]:
        pairs = zip(self.train[:n], self.given[:n], strict=True)
        return [row(f"t{place}", self.payloads[place], str(label)) for place, label in pairs]

    def true_rows(self, places: Any, **more: Any) -> list[dict[str, Any]]:
        return [row(f"r{place}", self.payloads[place], str(self.truth[place]), **more) for place in places]

    def benchmark_rows(self) -> list[dict[str, Any]]:
        halves = {0: '{"half": "even"}', 1: '{"half": "odd"}'}
        rows = self.true_rows(self.benchmark)
        return [
            {**said, "attributes": halves[int(place) % 2]}
            for said, place in zip(rows, self.benchmark, strict=True)
        ]


def png(image: Any) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.round(image * 255 / 16).astype(np.uint8)).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


@pytest.fixture(scope="session")
def digits() -> Digits:
    data = load_digits()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(data.target))
    train = order[:300]
    given = data.target[train].copy()
    planted = rng.choice(300, 30, replace=False)
    given[planted] = (given[planted] + rng.integers(1, 10, 30)) % 10
    payloads = [json.dumps({"image": png(image)}) for image in data.images]
    return Digits(payloads, data.target, train, order[300:1200], order[1200:], given, planted)


@dataclass
class Ended:
    status: int
    lines: list[dict[str, Any]]
    stderr: str

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == kind]

    @property
    def error(self) -> dict[str, Any]:
        return self.events("error")[0]


@dataclass
class Bench:
    """A folder to work in; runs learners on it, and ends the processes that a test leaves behind."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def rows(self, name: str, rows: list[dict[str, Any]]) -> str:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), self.folder / name)
        return name

    def fit_spec(self, **more: Any) -> dict[str, Any]:
        return {
            "contract": 1,
            "rows": "rows.parquet",
            "evaluate": {},
            "classes": CLASSES,
            "recipe": {"name": "image-cnn", "params": {}},
            "stages": [{"name": "foundations", "epochs": 4, "replay": 0.0}],
            "base": None,
            "warm_start": "fresh",
            "cross_fit": 0,
            "budget": {"seconds": 60},
            "threads": 1,
            "seed": 7,
            "checkpoint_every": 1,
            "out": "out",
            **more,
        }

    def start(
        self, command: str, spec: Any, *options: str, pipe: bool = False, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        path = self.folder / f"{command}-{len(self.started)}.json"
        path.write_text(json.dumps(spec))
        child = subprocess.Popen(
            [sys.executable, "-m", "workers.learner", command, str(path), *options],
            cwd=ROOT,
            stdin=subprocess.PIPE if pipe else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.started.append(child)
        return child

    def run(self, command: str, spec: Any, clock: Callable[[], float] = time.monotonic) -> Ended:
        """The same run in this process, which has imported torch already: for tests not about processes."""
        path = self.folder / f"{command}.json"
        path.write_text(spec if isinstance(spec, str) else json.dumps(spec))
        said = io.StringIO()
        status = run(command, path, Lines(said), Watch(clock))
        return Ended(status, [json.loads(line) for line in said.getvalue().splitlines()], "")

    def end(self, child: subprocess.Popen[str]) -> Ended:
        out, err = child.communicate(timeout=60)
        return Ended(child.returncode, [json.loads(line) for line in out.splitlines()], err)

    def until(self, child: subprocess.Popen[str], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Reads lines until one is wanted; the child goes on meanwhile."""
        assert child.stdout is not None
        for text in child.stdout:
            line: dict[str, Any] = json.loads(text)
            if wanted(line):
                return line
        raise AssertionError("the learner ended before it said what was waited for")

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def columns(self, name: str) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = pq.read_table(self.folder / name).to_pydict()
        return found

    def close(self) -> None:
        for child in self.started:
            if child.poll() is None:
                child.kill()
            child.communicate()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def fitted(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Ended]:
    """The demo's first fit in a process: 300 noisy digits and 5 copies, 5 folds, judged on the benchmark."""
    bench = Bench(tmp_path_factory.mktemp("fitted"))
    copies = [{**said, "key": f"copy-of-{said['key']}"} for said in digits.train_rows(5)]
    bench.rows("rows.parquet", digits.train_rows() + copies)
    bench.rows("benchmark.parquet", digits.benchmark_rows())
    ended = bench.end(bench.start("fit", demo_spec(bench)))
    assert ended.status == 0, ended.stderr
    return bench, ended


def demo_spec(bench: Bench) -> dict[str, Any]:
    stages = [{"name": "foundations", "epochs": 20, "replay": 0.0}]
    return bench.fit_spec(stages=stages, cross_fit=5, evaluate={"benchmark": "benchmark.parquet"})


@pytest.fixture(scope="session")
def fitted_spec(fitted: tuple[Bench, Ended]) -> dict[str, Any]:
    return demo_spec(fitted[0])
