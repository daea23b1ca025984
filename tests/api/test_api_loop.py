"""The loop over HTTP: data, gold, mining, datasets, proposals, training, gates, aliases, rounds."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from apps.annotation.models import Queue
from apps.core.events import seal_events
from apps.training.models import TrainingRun

LESSON = {"expected": "more", "observed": "a little more", "cause": "few labels", "action": "mine on"}


def test_the_whole_round_goes_round_over_http(loop: Any, call: Any) -> None:
    loop.promoted()
    opened = loop.lena.post("projects/digits/rounds/", status=201)
    assert (opened["number"], opened["state"], opened["inputs"]["model"]) == (1, "open", 1)
    policy = {"audit": 5, "margin": 5, "label_error": 5, "overlap": 1}
    run = loop.lena.post("projects/digits/mining-runs/", {"policy": policy, "seed": 3}, status=202)
    assert loop.done("mining-runs", run)["opened"] == {"audit": 5, "margin": 5}  # no train row was predicted
    erin = call(loop.house.erin)
    Queue.objects.update(gold_rate=0)
    following = erin.post("projects/digits/assignments/next/")["assignment"]
    while following:
        path = f"assignments/{following['id']}/annotations/?next=true"
        body = {"answers": {"digit": "3"}, "confidence": 3}
        answer = erin.post(path, body, status=201, **{"Idempotency-Key": f"k{following['id']}"})
        following = answer["assignment"]
    tasks = loop.lena.get("projects/digits/tasks/", state="agreed")["results"]
    assert len(tasks) == 10
    assert tasks[0]["consensus"]["label"] == "3"
    gate = loop.gate()
    assert (gate["verdict"], gate["baseline"], gate["candidate"]) == ("pass", 1, 2)
    loop.luis.post(f"gates/{gate['id']}/promote/", {"note": "good"}, status=201)
    closed = loop.lena.post(f"rounds/{opened['id']}/reflection/", LESSON)
    assert closed["state"] == "closed"
    rounds = loop.lena.get("projects/digits/rounds/")["results"]
    assert [(r["number"], r["state"]) for r in rounds] == [(2, "open"), (1, "closed")]
    assert rounds[1]["reflection"]["action"] == "mine on"


def test_a_round_does_not_close_without_a_decision(loop: Any) -> None:
    number = loop.lena.post("projects/digits/rounds/", status=201)["id"]
    loop.lena.refused("post", f"rounds/{number}/reflection/", LESSON, status=409, code="round_not_ready")
    error = loop.lena.refused("post", f"rounds/{number}/reflection/", {}, status=422, code="bad_input")
    assert set(error["fields"]) == set(LESSON)


def test_opening_the_first_round_twice_gives_the_same_round(loop: Any) -> None:
    first = loop.lena.post("projects/digits/rounds/", status=201)
    assert loop.luis.post("projects/digits/rounds/", status=200) == first


# --- gold and calibration


def test_gold_is_added_listed_and_retired(loop: Any) -> None:
    listed = loop.lena.get("projects/digits/gold/")["results"]
    assert {row["key"]: row["label"] for row in listed} == {"pool-000": "3", "pool-001": "5"}
    assert loop.lena.post(f"gold/{listed[0]['id']}/retire/")["retired_at"] is not None
    loop.lena.refused("post", f"gold/{listed[0]['id']}/retire/", status=404, code="not_found")


@pytest.mark.parametrize(
    ("labels", "field"),
    [
        ({"nowhere": "3"}, "nowhere"),
        ({"pool-002": "9"}, "pool-002"),
        ({"benchmark-001": "3"}, "benchmark-001"),
    ],
)
def test_bad_gold_names_its_key_and_adds_nothing(loop: Any, labels: dict[str, str], field: str) -> None:
    body = {"labels": {"pool-003": "3", **labels}}
    error = loop.lena.refused("post", "projects/digits/gold/", body, status=422, code="bad_input")
    assert error["field"] == field
    assert len(loop.lena.get("projects/digits/gold/")["results"]) == 2
    loop.lena.refused("post", "projects/digits/gold/", {"labels": {}}, status=422, code="bad_input")


def test_calibration_shows_each_expert_with_interval(loop: Any) -> None:
    shown = loop.ada.get("projects/digits/calibration/")
    assert [row["person"] for row in shown["standings"]] == ["ella", "emil", "erin"]
    assert shown["standings"][0]["low"] < shown["standings"][0]["accuracy"] < shown["standings"][0]["high"]
    assert shown["agreement"] is None


# --- mining


def test_mining_without_a_model_in_production_says_what_is_missing(loop: Any) -> None:
    loop.lena.refused("post", "projects/digits/mining-runs/", status=409, code="nothing_to_mine")


def test_a_bad_mining_policy_names_its_field(loop: Any) -> None:
    loop.promoted()
    for policy, field in ({"audit": 0}, "audit"), ({"luck": 1}, "luck"):
        body = {"policy": policy}
        error = loop.lena.refused("post", "projects/digits/mining-runs/", body, status=422, code="bad_input")
        assert error["field"] == field
    loop.lena.refused(
        "post", "projects/digits/mining-runs/", {"prediction_set": 99}, status=422, code="bad_input"
    )


def test_a_waiting_run_is_cancelled_and_retried(loop: Any) -> None:
    loop.promoted()
    number = loop.lena.post("projects/digits/mining-runs/", status=202)["id"]
    assert loop.lena.post(f"mining-runs/{number}/cancel/", status=202)["state"] == "cancelled"
    loop.lena.refused("post", f"mining-runs/{number}/cancel/", status=409, code="illegal_move")
    assert loop.lena.post(f"mining-runs/{number}/retry/", status=202)["state"] == "queued"
    assert loop.lena.get("projects/digits/mining-runs/")["results"][0]["id"] == number


# --- tasks and adjudication


def test_a_lead_settles_a_conflict(house: Any, call: Any) -> None:
    task = house.task("a1")
    house.submit(house.erin, "3")
    house.submit(house.emil, "8")
    lena = call(house.lena)
    found = lena.get("projects/digits/tasks/", state="conflict")["results"]
    assert [row["key"] for row in found] == ["a1"]
    body = {"answers": {"digit": "8"}, "cause": "slip"}
    settled = lena.post(f"tasks/{task.pk}/adjudicate/", body)
    assert (settled["label"], settled["method"], settled["settled_by"]) == ("8", "adjudicated", "lena")
    lena.refused("post", f"tasks/{task.pk}/adjudicate/", body, status=409, code="nothing_to_settle")
    assert lena.post(f"tasks/{task.pk}/reopen/", {"why": "a second look"})["state"] == "escalated"
    lena.refused("post", f"tasks/{task.pk}/reopen/", {"why": "a third"}, status=409, code="not_decided")
    assert lena.post(f"tasks/{task.pk}/adjudicate/", body)["label"] == "8"
    bad = {"answers": {"digit": "8"}, "cause": "mood"}
    assert (
        "cause"
        in lena.refused("post", f"tasks/{task.pk}/adjudicate/", bad, status=422, code="bad_input")["fields"]
    )


def test_tasks_come_in_pages_by_key(house: Any, call: Any) -> None:
    for n in range(5):
        house.task(f"a{n}")
    house.task("g", reason="gold")
    lena = call(house.lena)
    page = lena.get("projects/digits/tasks/", page_size=3, order="oldest")
    assert [row["key"] for row in page["results"]] == ["a0", "a1", "a2"]
    rest = lena.get(page["next"].split("/api/v1/")[1])
    assert [row["key"] for row in rest["results"]] == ["a3", "a4"]
    assert rest["next"] is None
    newest = lena.get("projects/digits/tasks/", page_size=1)
    assert newest["results"][0]["key"] == "a4", "gold is not among them"
    for query in {"state": "odd"}, {"reason": "gold"}, {"order": "random"}:
        assert lena.get("projects/digits/tasks/", status=422, **query)["error"]["field"] in query


# --- datasets


def test_a_dataset_version_is_cut_and_read_in_three_formats(loop: Any) -> None:
    digest = loop.dataset()
    manifest = loop.lena.get(f"projects/digits/dataset-versions/{digest}/")
    assert (manifest["rows"], manifest["number"]) == (30, 1)
    path = f"projects/digits/dataset-versions/{digest}/rows/"
    lines = [json.loads(line) for line in loop.lena.get(path).splitlines()]
    assert len(lines) == 30
    assert lines[0]["payload"] == {"text": "train text 0"}
    table = pq.read_table(io.BytesIO(loop.lena.get(path, format="parquet")))
    assert table["key"].to_pylist() == [row["key"] for row in lines]
    assert json.loads(table["payload"][0].as_py()) == {"text": "train text 0"}
    text = loop.lena.get(path, format="csv").decode().splitlines()
    assert len(text) == 31
    assert text[0].startswith("key,payload,split,label")
    loop.lena.get(path, format="xlsx", status=422)
    loop.lena.get(f"projects/digits/dataset-versions/{'0' * 64}/rows/", status=404)


def test_a_purged_payload_leaves_its_row_and_digest(loop: Any) -> None:
    from apps.examples.models import Payload

    digest = loop.dataset()
    Payload.objects.filter(body={"text": "train text 0"}).update(body=None)
    first = loop.lena.get(f"projects/digits/dataset-versions/{digest}/rows/").splitlines()[0]
    row = json.loads(first)
    assert row["payload"] is None
    assert len(row["payload_digest"]) == 64


def test_the_same_beliefs_give_the_same_dataset(loop: Any) -> None:
    assert loop.dataset() == loop.dataset()
    assert len(loop.lena.get("projects/digits/dataset-versions/")["results"]) == 1


# --- proposals


def test_nobody_approves_their_own_proposal(loop: Any) -> None:
    proposal = loop.proposal()
    body = {"digest": proposal["curriculum"]["digest"]}
    loop.lena.refused("post", f"proposals/{proposal['id']}/approve/", body, status=403, code="own_proposal")


def test_approval_is_pinned_to_the_content_that_was_read(loop: Any) -> None:
    proposal = loop.proposal()
    path = f"proposals/{proposal['id']}/approve/"
    loop.luis.refused("post", path, {"digest": "0" * 64}, status=409, code="proposal_changed")
    loop.luis.refused("post", path, {}, status=422, code="bad_input")
    approval = loop.luis.post(path, {"digest": proposal["curriculum"]["digest"]}, status=201)
    assert approval["by"] == "luis"
    loop.luis.refused("post", path, {"digest": approval["digest"]}, status=409, code="illegal_move")


def test_a_proposal_is_sent_back_with_a_reason(loop: Any) -> None:
    proposal = loop.proposal()
    assert proposal["diff"]["added"]["n"] == 30
    path = f"proposals/{proposal['id']}/send-back/"
    loop.luis.refused("post", path, {"reason": " "}, status=422, code="bad_input")
    assert loop.luis.post(path, {"reason": "too few fives"})["state"] == "sent_back"
    assert loop.lena.get("projects/digits/proposals/")["results"][0]["decision_note"] == "too few fives"


def test_a_proposal_needs_a_dataset_of_the_project(loop: Any) -> None:
    loop.lena.refused(
        "post", "projects/digits/proposals/", {"dataset": "0" * 64}, status=404, code="not_found"
    )
    loop.lena.refused("post", "projects/digits/proposals/", {}, status=422, code="bad_input")


# --- training, gates, aliases


def test_only_an_approved_proposal_is_trained_and_only_once(loop: Any) -> None:
    proposal = loop.proposal()
    body = {"proposal": proposal["id"]}
    loop.luis.refused("post", "projects/digits/training-runs/", body, status=409, code="not_approved")
    digest = proposal["curriculum"]["digest"]
    loop.luis.post(f"proposals/{proposal['id']}/approve/", {"digest": digest}, status=201)
    first = loop.luis.post("projects/digits/training-runs/", body, status=202)
    assert loop.luis.post("projects/digits/training-runs/", body, status=202)["id"] == first["id"]
    assert TrainingRun.objects.count() == 1
    shown = loop.luis.get(f"training-runs/{first['id']}/")
    assert (shown["state"], shown["curve"], shown["proposal"]) == ("queued", [], proposal["id"])
    loop.luis.refused(
        "post", "projects/digits/training-runs/", {"proposal": 999}, status=404, code="not_found"
    )


def test_a_gate_that_passed_promotes_and_the_ledger_tells(loop: Any) -> None:
    gate = loop.gate()
    assert gate["verdict"] == "pass"
    assert {check["name"] for check in gate["checks"]} == {"overall"}
    line = loop.luis.post(f"gates/{gate['id']}/promote/", status=201)
    assert (line["alias"], line["from_model"], line["to_model"]) == ("production", None, 1)
    assert loop.lena.get("projects/digits/aliases/")[0]["model"] == 1
    assert loop.lena.get("projects/digits/aliases/production/")["model"] == 1
    assert loop.lena.get("projects/digits/aliases/production/ledger/")["results"] == [line]
    assert loop.lena.get("projects/digits/models/")["results"][0]["aliases"] == ["production"]
    assert loop.lena.get("projects/digits/prediction-runs/")["results"][0]["state"] == "queued"


def test_a_gate_that_failed_needs_two_leads(loop: Any) -> None:
    gate = loop.gate(right=0.1)
    path = f"gates/{gate['id']}"
    assert gate["verdict"] == "fail"
    loop.luis.refused("post", f"{path}/promote/", status=409, code="gate_not_passed")
    loop.luis.refused("post", f"{path}/override/", {"reason": ""}, status=422, code="bad_input")
    loop.luis.post(f"{path}/override/", {"reason": "the benchmark is stale"})
    loop.luis.refused("post", f"{path}/promote/", status=403, code="second_lead_needed")
    line = loop.lena.post(f"{path}/promote/", status=201)
    assert (line["kind"], line["reason"]) == ("override", "the benchmark is stale")


def test_a_candidate_is_rejected_with_a_reason(loop: Any) -> None:
    gate = loop.gate(right=0.1)
    loop.luis.refused("post", f"gates/{gate['id']}/reject/", {"reason": " "}, status=422, code="bad_input")
    assert loop.luis.post(f"gates/{gate['id']}/reject/", {"reason": "worse"})["state"] == "rejected"
    assert loop.luis.get(f"gates/{gate['id']}/")["decision_note"] == "worse"


def test_a_model_can_be_judged_again_until_it_is_in_production(loop: Any) -> None:
    gate = loop.gate()
    model = loop.lena.get("projects/digits/models/")["results"][0]
    (again,) = loop.lena.post(f"models/{model['id']}/gate/", status=201)
    assert again["id"] == gate["id"], "nothing has changed, so the judgement stands"
    loop.luis.post(f"gates/{again['id']}/promote/", status=201)
    loop.lena.refused("post", f"models/{model['id']}/gate/", status=422, code="bad_input")
    assert loop.lena.get(f"models/{model['id']}/")["number"] == 1


def test_the_alias_moves_through_a_gate_and_back(loop: Any) -> None:
    loop.promoted()
    house = loop.house
    house.task("pool-005", overlap=1)
    house.submit(house.erin, "8")  # so that the second curriculum differs
    gate = loop.gate()
    alias = "projects/digits/aliases/production/"
    moved = loop.luis.post(alias, {"action": "promote", "gate": gate["id"]}, status=201)
    assert (moved["from_model"], moved["to_model"]) == (1, 2)
    loop.luis.refused("post", alias, {"action": "roll_back"}, status=422, code="bad_input")
    back = loop.luis.post(alias, {"action": "roll_back", "reason": "users complain"}, status=201)
    assert (back["kind"], back["from_model"], back["to_model"]) == ("roll_back", 2, 1)
    assert back["to_curriculum"] == moved["from_curriculum"]
    loop.luis.refused("post", alias, {"action": "promote"}, status=422, code="bad_input")
    loop.luis.refused("post", alias, {"action": "leap"}, status=422, code="bad_input")
    other = "projects/digits/aliases/staging/"
    loop.luis.refused("post", other, {"action": "promote", "gate": gate["id"]}, status=404, code="not_found")
    loop.luis.get(other, status=404)


def test_recipes_and_benchmarks_are_listed_and_checked(loop: Any) -> None:
    assert loop.lena.get("projects/digits/recipes/")["results"][0]["learner"] == "image-cnn"
    assert loop.lena.get("projects/digits/benchmarks/")["results"][0]["rows"] == 60
    loop.lena.refused("post", "projects/digits/recipes/", {"learner": ""}, status=422, code="bad_input")
    loop.lena.refused("post", "projects/digits/benchmarks/", {"name": "sixty"}, status=422, code="bad_input")
    bad = {"name": "two", "plan": {"margin": 7}}
    assert (
        loop.lena.refused("post", "projects/digits/benchmarks/", bad, status=422, code="bad_input")["field"]
        == "margin"
    )


# --- events


def test_events_are_read_and_their_chain_verified(loop: Any) -> None:
    seal_events()
    events = loop.ada.get("projects/digits/events/", kind="protocol.added", actor="lena")["results"]
    assert [event["kind"] for event in events] == ["protocol.added"]
    assert events[0]["number"] is not None
    assert loop.ada.get("projects/digits/events/", actor="nobody")["results"] == []
    chain = loop.ada.get("projects/digits/events/verification/")
    assert (chain["intact"], chain["broken_at"], chain["unsealed"]) == (True, None, 0)


def test_a_lead_runs_the_queues_over_http(loop: Any, call: Any) -> None:
    house = loop.house
    house.task("pool-002")
    (queue,) = loop.lena.get("projects/digits/queues/")
    assert (queue["open"], queue["in_force"], queue["paused_at"]) == (1, True, None)
    paused = loop.lena.post(f"queues/{queue['id']}/pause/")
    assert paused["paused_at"] is not None
    assert call(house.erin).post("projects/digits/assignments/next/")["empty"]["code"] == "paused"
    loop.lena.refused("post", f"queues/{queue['id']}/pause/", status=409, code="queue_unchanged")
    assert loop.lena.post(f"queues/{queue['id']}/resume/")["paused_at"] is None
    loop.lena.refused("post", f"queues/{queue['id']}/withdraw/", status=422, code="bad_input")
    assert loop.lena.post(f"queues/{queue['id']}/withdraw/", {"why": "mined by mistake"})["open"] == 0
    loop.lena.refused(
        "post", f"queues/{queue['id']}/withdraw/", {"why": "again"}, status=409, code="nothing_open"
    )
