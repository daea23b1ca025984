"""A trainer elsewhere: what it is given, what it reports, and the worked example of the docs, run."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command

from apps.config.supervisor.parts import ROOT
from apps.core.events import seal_events
from apps.core.models import Event
from apps.exchange.services.deliveries import write_deliveries
from apps.exchange.services.webhooks import make_webhook
from apps.registry.models import ModelVersion, PredictionRun, PredictionSet
from apps.training.models import Gate, TrainingRun
from tests.api.conftest import CLASSES, Caller, Loop
from workers.jobs.core import sweep
from workers.jobs.training import start_approved

HOME = "projects/digits/"
WORDS = {"3": "tree bark leaf", "5": "sea wave salt", "8": "moon star night"}
NDJSON, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
DIGEST = "ab" * 32


def texts(split: str, n: int) -> list[dict[str, Any]]:
    """Rows whose words tell their label."""
    rows = []
    for i in range(n):
        label = CLASSES[i % 3]
        row = {"key": f"{split}-{i:03d}", "payload": {"text": f"{WORDS[label]} {split} {i}"}, "split": split}
        rows.append({**row, "licence": "CC0-1.0", "label": None if split == "pool" else label})
    return rows


class Outside(Loop):
    """A project whose approved curriculum is trained elsewhere."""

    def __init__(self, house: Any) -> None:
        super().__init__(house)
        self.bring_in(texts("train", 30) + texts("pool", 20) + texts("benchmark", 60))
        self.lena.post(f"{HOME}recipes/", {"learner": "outside"}, status=201)
        plan = {"floor": 0.5, "margin": 0.1, "brier_margin": 0.1, "superiority": False}
        self.benchmark = self.lena.post(f"{HOME}benchmarks/", {"name": "sixty", "plan": plan}, status=201)[
            "digest"
        ]
        self.curriculum = self.approved()["curriculum"]["digest"]

    def about(self, **values: Any) -> dict[str, Any]:
        return {
            "curriculum": self.curriculum,
            "digest": DIGEST,
            "name": "sklearn",
            "classes": CLASSES,
            **values,
        }

    def reported(self, **values: Any) -> int:
        return int(self.lena.post(f"{HOME}models/", self.about(**values), status=201)["id"])

    def predict(
        self, model: int, rows: Any, query: str = "", *, kind: str = NDJSON, status: int = 201
    ) -> Any:
        content = (
            rows if isinstance(rows, bytes) else "".join(json.dumps(row) + "\n" for row in rows).encode()
        )
        return self.lena.upload(f"models/{model}/predictions/{query}", content, kind, status=status)

    def on_benchmark(self, model: int, rows: Any, **how: Any) -> Any:
        return self.predict(model, rows, f"?benchmark={self.benchmark}", **how)


@pytest.fixture
def outside(house: Any) -> Outside:
    return Outside(house)


def right(n: int = 60, split: str = "benchmark", *, wrong: int = 0) -> list[dict[str, Any]]:
    """Predictions that are right but for the first few."""
    rows = []
    for i in range(n):
        probs = [0.1, 0.1, 0.1]
        probs[(i + (i < wrong)) % 3] = 0.8
        rows.append({"key": f"{split}-{i:03d}", "probs": probs})
    return rows


def through(caller: Caller) -> Callable[[httpx.Request], httpx.Response]:
    """Hands on what a program sends to the API, as this person."""

    def handle(request: httpx.Request) -> httpx.Response:
        kind = request.headers.get("content-type", "")
        address = request.url.raw_path.decode()
        answer: Any = caller.client.generic(request.method, address, request.content, content_type=kind)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return httpx.Response(answer.status_code, content=content)

    return handle


def test_the_worked_example_of_the_docs_runs_and_its_model_is_promoted(outside: Outside, house: Any) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "outside-trainer.md").read_text(), re.S)
    assert len(script.splitlines()) < 90
    http = httpx.Client(
        transport=httpx.MockTransport(through(outside.lena)), base_url="http://testserver/api/v1/"
    )
    space: dict[str, Any] = {"__name__": "trainer"}
    exec(compile(script, "trainer.py", "exec"), space)
    space["main"](http, "digits")

    gate = Gate.objects.get()
    assert gate.overall == "pass", gate.checks
    model = ModelVersion.objects.get()
    assert (model.outside, model.recipe) == (True, "sklearn-logistic")
    assert {one.purpose for one in model.prediction_sets.all()} == {"pool", "benchmark"}
    outside.luis.post(f"gates/{gate.pk}/promote/", status=201)
    assert outside.lena.get(f"{HOME}aliases/")[0]["model"] == model.number
    assert not PredictionRun.objects.exists(), "it cannot be run here"
    outside.done("mining-runs", outside.lena.post(f"{HOME}mining-runs/", status=202))


def test_an_approval_starts_no_training_here(outside: Outside, house: Any) -> None:
    proposal = house.project.proposals.get()
    start_approved(proposal.pk)
    sweep()
    assert not TrainingRun.objects.exists()
    outside.luis.refused(
        "post", f"{HOME}training-runs/", {"proposal": proposal.pk}, status=409, code="trained_outside"
    )


def test_a_trainer_is_given_an_approved_curriculum_with_content_weights_and_stages(outside: Outside) -> None:
    (listed,) = outside.lena.get(f"{HOME}curricula/", approved="true")["results"]
    assert listed["digest"] == outside.curriculum
    told = outside.lena.get(f"{HOME}curricula/{outside.curriculum}/")
    assert told["classes"] == CLASSES
    rows = [
        json.loads(line)
        for line in outside.lena.get(f"{HOME}curricula/{outside.curriculum}/rows/").splitlines()
    ]
    assert len(rows) == told["rows"] == 30
    assert rows[0]["payload"]["text"].startswith("tree bark")
    assert {"key", "label", "soft", "weight", "stage", "reason"} <= set(rows[0])
    assert {row["stage"] for row in rows} <= set(range(len(told["stages"])))


def test_what_was_not_approved_is_not_handed_out(outside: Outside, house: Any) -> None:
    outside.bring_in([{**texts("train", 31)[-1], "key": "one-more"}])
    waiting = outside.proposal()["curriculum"]["digest"]
    outside.lena.refused("get", f"{HOME}curricula/{waiting}/rows/", status=409, code="not_approved")
    outside.lena.refused(
        "post", f"{HOME}models/", outside.about(curriculum=waiting), status=409, code="not_approved"
    )
    assert len(outside.lena.get(f"{HOME}curricula/")["results"]) == 2
    assert len(outside.lena.get(f"{HOME}curricula/", approved="true")["results"]) == 1


def test_what_may_no_longer_be_taught_is_not_handed_out(outside: Outside, house: Any) -> None:
    house.project.examples.filter(key="train-000").update(label="8")
    outside.lena.refused(
        "get", f"{HOME}curricula/{outside.curriculum}/rows/", status=409, code="unsafe_curriculum"
    )


def test_benchmarks_are_given_without_their_labels(outside: Outside) -> None:
    lines = outside.lena.get(f"{HOME}benchmarks/{outside.benchmark}/inputs/").splitlines()
    assert len(lines) == 60
    assert set(json.loads(lines[0])) == {"key", "payload"}
    assert len(outside.lena.get(f"{HOME}minable/").splitlines()) == 50
    outside.lena.get(f"{HOME}benchmarks/{'0' * 64}/inputs/", status=404)


def test_a_reported_model_stands_in_its_round_and_is_told_of(outside: Outside, house: Any) -> None:
    hook, _ = make_webhook(
        project=house.project,
        url="https://a.example/",
        events=["training_run.finished"],
        by=house.lena,
        at=house.clock,
    )
    number = outside.reported()
    run = TrainingRun.objects.get()
    assert (run.state, run.model_id, run.proposal, run.created_by) == (
        "done", number, house.project.proposals.get(), house.lena,
    )  # fmt: skip
    seal_events()
    write_deliveries(at=house.clock)
    assert DIGEST in hook.deliveries.get().body
    assert [e.actor.username for e in Event.objects.filter(kind="trainingrun.running")] == ["lena"]


def test_reported_twice_it_is_the_same_version(outside: Outside) -> None:
    assert outside.reported() == outside.reported()
    assert TrainingRun.objects.count() == 1
    outside.lena.refused(
        "post", f"{HOME}models/", outside.about(classes=["5", "3"]), status=409, code="reported_otherwise"
    )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"digest": "short"}, "digest"),
        ({"digest": DIGEST.upper()}, "digest"),
        ({"classes": ["3", "9"]}, "classes"),
        ({"classes": ["3", "3"]}, "classes"),
        ({"classes": ["3"]}, "classes"),
        ({"name": " "}, None),
    ],
)
def test_a_model_that_is_not_right_is_refused_naming_the_field(
    outside: Outside, values: dict[str, Any], field: str | None
) -> None:
    error = outside.lena.refused(
        "post", f"{HOME}models/", outside.about(**values), status=422, code="bad_input"
    )
    assert field is None or error["field"] == field
    assert not ModelVersion.objects.exists()


def test_where_nothing_is_trained_elsewhere_no_model_is_taken(loop: Any) -> None:
    digest = loop.approved()["curriculum"]["digest"]
    body = {"curriculum": digest, "digest": DIGEST, "name": "x", "classes": CLASSES}
    loop.lena.refused("post", f"{HOME}models/", body, status=409, code="no_outside_recipe")


def test_after_its_predictions_on_the_benchmark_it_is_judged(outside: Outside) -> None:
    told = outside.on_benchmark(outside.reported(), right())
    assert [gate["overall"] for gate in told["gates"]] == ["pass"]
    assert told["prediction_set"]["rows"] == 60
    assert told["not_judged"] == ""


def test_a_bad_one_fails(outside: Outside) -> None:
    told = outside.on_benchmark(outside.reported(), right(wrong=55))
    assert [gate["overall"] for gate in told["gates"]] == ["fail"]


def test_with_two_benchmarks_it_is_judged_after_the_second(outside: Outside, house: Any) -> None:
    outside.bring_in(
        [{**row, "key": f"other-{i:03d}", "split": "benchmark"} for i, row in enumerate(texts("x", 30))]
    )
    second = outside.lena.post(f"{HOME}benchmarks/", {"name": "ninety"}, status=201)["digest"]
    model = outside.reported()
    told = outside.on_benchmark(model, right())
    assert told["gates"] == []
    assert "on ninety" in told["not_judged"]
    assert "reported through the API" in told["not_judged"]
    assert not PredictionRun.objects.exists()
    more = [{**row, "key": f"other-{i:03d}"} for i, row in enumerate(right(30))]
    told = outside.predict(model, right() + more, f"?benchmark={second}")
    assert len(told["gates"]) == 2


def test_a_model_is_measured_once(outside: Outside) -> None:
    model = outside.reported()
    first = outside.on_benchmark(model, right(wrong=55))
    again = outside.on_benchmark(model, right(wrong=55))
    assert again["prediction_set"]["id"] == first["prediction_set"]["id"]
    assert Gate.objects.count() == 1
    told = outside.on_benchmark(model, right(), status=409)
    assert told["error"]["code"] == "measured_before"
    assert PredictionSet.objects.count() == 1


Change = Callable[[list[dict[str, Any]]], Any]


def change(place: int, **values: Any) -> Change:
    return lambda rows: [{**row, **values} if i == place else row for i, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("mend", "words"),
    [
        (change(3, probs=[0.5, 0.5]), "a list of 3 numbers"),
        (change(3, probs="high"), "a list of 3 numbers"),
        (change(3, probs=[0.5, 0.4, 0.3]), "sum to 1.2000, not to 1"),
        (change(3, probs=[1.5, -0.5, 0.0]), "from 0 to 1"),
        (change(3, probs=[float("nan"), 0.5, 0.5]), "finite number"),
        (change(3, probs=[float("inf"), 0.5, 0.5]), "finite number"),
        (change(3, probs=[True, False, False]), "finite number"),
        (change(3, probs=[None, 0.5, 0.5]), "finite number"),
        (change(3, key="nobody"), "none of those to predict on"),
        (change(3, key=7), "none of those to predict on"),
        (change(3, key="benchmark-000"), "stands twice"),
        (change(3, label="3"), "no field 'label'"),
        (change(3, fold=1.5), "`fold` is a whole number"),
        (lambda rows: [*rows[:3], "x", *rows[4:]], "no JSON object"),
    ],
)
def test_a_bad_row_is_named_with_its_mend_and_nothing_is_kept(
    outside: Outside, mend: Change, words: str
) -> None:
    error = outside.on_benchmark(outside.reported(), mend(right()), status=422)["error"]
    assert error["code"] == "bad_predictions"
    assert error["rows"][0]["row"] == 4
    assert words in error["rows"][0]["message"]
    assert error["message"].startswith("Row 4: ")
    assert not PredictionSet.objects.exists()


def test_bad_rows_are_told_up_to_twenty(outside: Outside) -> None:
    rows = [{**row, "probs": [1, 1, 1]} for row in right()]
    assert len(outside.on_benchmark(outside.reported(), rows, status=422)["error"]["rows"]) == 20


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"{oops\n", NDJSON, 422, "no JSON object"),
        (b"[" * 100_000 + b"\n", NDJSON, 422, "no JSON object"),
        (b"\xff\xfe\n", NDJSON, 422, "no JSON object"),
        (b'{"key": "' + b"x" * 2**20, NDJSON, 422, "longer than"),
        (b"PAR1 no", PARQUET, 422, "not a Parquet file"),
        (b"", NDJSON, 422, "body is empty"),
        (b"{}", "application/json", 415, "Content-Type"),
    ],
)
def test_what_is_no_table_of_predictions_is_refused(
    outside: Outside, content: bytes, kind: str, status: int, words: str
) -> None:
    error = outside.on_benchmark(outside.reported(), content, kind=kind, status=status)["error"]
    assert words in error["message"]


def test_on_a_benchmark_every_row_has_a_prediction(outside: Outside) -> None:
    error = outside.on_benchmark(outside.reported(), right()[:-2], status=422)["error"]
    assert "2 of the benchmark's rows" in error["message"]
    assert "benchmark-058" in error["message"]


def test_parquet_is_taken_too(outside: Outside) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(right()), sink)
    assert outside.on_benchmark(outside.reported(), sink.getvalue(), kind=PARQUET)["gates"]
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_pylist(right() + [{"key": f"k{i}", "probs": [1.0, 0.0, 0.0]} for i in range(9)]), sink
    )
    told = outside.on_benchmark(outside.reported(), sink.getvalue(), kind=PARQUET, status=422)
    assert "69 rows, but there are 60" in told["error"]["message"]


def test_on_what_can_be_mined_a_taught_row_needs_the_fold_that_never_saw_it(outside: Outside) -> None:
    model = outside.reported()
    error = outside.predict(model, right(30, "train"), status=422)["error"]
    assert "was taught to this model" in error["message"]
    folded = [{**row, "fold": i % 5} for i, row in enumerate(right(30, "train"))]
    told = outside.predict(model, folded + right(20, "pool"))
    assert (told["prediction_set"]["purpose"], told["prediction_set"]["rows"]) == ("pool", 50)
    assert told["gates"] == []


def test_a_model_made_here_takes_no_reports(loop: Any) -> None:
    loop.gate()
    model = ModelVersion.objects.get()
    loop.lena.upload(f"models/{model.pk}/predictions/", b"{}\n", NDJSON, status=409)


def test_in_production_it_says_what_mining_lacks_and_the_next_is_trained_without_its_weights(
    outside: Outside, house: Any
) -> None:
    gate = outside.on_benchmark(outside.reported(), right())["gates"][0]
    outside.luis.post(f"gates/{gate['id']}/promote/", status=201)
    error = outside.lena.refused("post", f"{HOME}mining-runs/", {}, status=409, code="nothing_to_mine")
    assert "trained elsewhere" in error["message"]
    call_command("verify_store", stdout=io.StringIO())  # its weights are not missed
