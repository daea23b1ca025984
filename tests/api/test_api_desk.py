"""The desk over HTTP: leasing, submitting, the other verbs, and what an expert must not learn."""

from __future__ import annotations

from typing import Any

import pytest

from apps.annotation.models import Annotation, Assignment, Task

NEXT = "projects/digits/assignments/next/"
ANSWER = {"answers": {"digit": "3"}, "confidence": 3}


def lease(caller: Any) -> dict[str, Any]:
    assignment = caller.post(NEXT)["assignment"]
    assert assignment is not None, "there was nothing to lease"
    return dict(assignment)


def submit(caller: Any, assignment: dict[str, Any], label: str = "3", key: str = "k1", **more: Any) -> Any:
    path = f"assignments/{assignment['id']}/annotations/{more.pop('query', '')}"
    headers = {"Idempotency-Key": key}
    return caller.post(path, {**ANSWER, "answers": {"digit": label}, **more}, status=201, **headers)


def test_next_leases_a_task_and_shows_what_is_asked(house: Any, call: Any) -> None:
    house.task("a1")
    assignment = lease(call(house.erin))
    task = assignment["task"]
    assert assignment["state"] == "leased"
    assert task["key"] == "a1"
    assert task["payload"] == {"text": "the text of a1"}
    assert task["why"] == "because the test says so"
    assert task["suggestion"] == "shown"
    assert task["prediction"] == {
        "model": None, "label": "3", "score": 0.6, "top": [["3", 0.6], ["5", 0.3], ["8", 0.1]],
    }  # fmt: skip
    assert task["protocol"] == 1
    assert task["confidence_asked"] is False


def test_asking_again_gives_the_task_one_holds(house: Any, call: Any) -> None:
    house.task("a1")
    house.task("a2")
    erin = call(house.erin)
    assert lease(erin)["id"] == lease(erin)["id"]


def test_an_empty_queue_says_why(house: Any, call: Any) -> None:
    answer = call(house.erin).post(NEXT)
    assert answer["assignment"] is None
    assert answer["empty"]["code"] == "all_done"


def test_a_project_without_a_protocol_says_that_nothing_was_mined(house: Any, call: Any) -> None:
    call(house.ada).post("projects/", {"slug": "empty", "name": "Empty"}, status=201)
    call(house.ada).post("projects/empty/members/", {"username": "erin", "role": "expert"}, status=201)
    assert call(house.erin).post("projects/empty/assignments/next/")["empty"]["code"] == "no_queue"


def test_submitting_keeps_the_answer_and_closes_the_task_at_its_overlap(house: Any, call: Any) -> None:
    task = house.task("a1")
    for name in ("erin", "emil"):
        caller = call(house.people[name])
        kept = submit(caller, lease(caller))["annotation"]
        assert kept["state"] == "submitted"
        assert kept["answers"] == {"digit": "3"}
    task.refresh_from_db()
    assert task.state == "agreed"


def test_submitting_with_next_returns_the_next_assignment(house: Any, call: Any) -> None:
    house.task("a1", priority=2)
    house.task("a2", priority=1)
    erin = call(house.erin)
    answer = submit(erin, lease(erin), query="?next=true")
    assert answer["assignment"]["task"]["key"] == "a2"
    answer = submit(erin, answer["assignment"], query="?next=true", key="k2")
    assert answer["assignment"] is None
    assert answer["empty"]["code"] == "answered_the_rest"


def test_an_answer_sent_twice_counts_once(house: Any, call: Any) -> None:
    house.task("a1")
    house.task("a2")
    erin = call(house.erin)
    assignment = lease(erin)
    first = submit(erin, assignment, query="?next=true")
    again = submit(erin, assignment, query="?next=true")
    assert again == first
    assert Annotation.objects.count() == 1


def test_an_answer_without_an_idempotency_key_is_refused(house: Any, call: Any) -> None:
    house.task("a1")
    erin = call(house.erin)
    path = f"assignments/{lease(erin)['id']}/annotations/"
    for headers in ({}, {"Idempotency-Key": "x" * 65}):
        error = erin.refused("post", path, ANSWER, status=422, code="bad_input", **headers)
        assert error["field"] == "Idempotency-Key"
    assert not Annotation.objects.exists()


def test_another_answer_under_another_key_is_refused(house: Any, call: Any) -> None:
    house.task("a1")
    erin = call(house.erin)
    assignment = lease(erin)
    submit(erin, assignment)
    path = f"assignments/{assignment['id']}/annotations/"
    erin.refused("post", path, ANSWER, status=409, code="already_answered", **{"Idempotency-Key": "k2"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"answers": {"digit": "7"}}, "digit"),
        ({"answers": {}}, "digit"),
        ({"answers": {"digit": "3", "colour": "red"}}, "colour"),
        ({"answers": {"digit": "3", "legibility": 9}}, "legibility"),
    ],
)
def test_a_bad_answer_names_its_question(house: Any, call: Any, body: Any, field: str) -> None:
    house.task("a1")
    erin = call(house.erin)
    path = f"assignments/{lease(erin)['id']}/annotations/"
    error = erin.refused("post", path, body, status=422, code="bad_input", **{"Idempotency-Key": "k"})
    assert error["field"] == field
    assert Assignment.objects.get().state == "leased"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "answers"),
        ({"answers": "3"}, "answers"),
        ({**ANSWER, "condition": "odd"}, "condition"),
        ({**ANSWER, "confidence": 5}, "confidence"),
        ({**ANSWER, "active_ms": -1}, "active_ms"),
    ],
)
def test_a_body_that_is_not_an_answer_names_its_fields(house: Any, call: Any, body: Any, field: str) -> None:
    house.task("a1")
    erin = call(house.erin)
    path = f"assignments/{lease(erin)['id']}/annotations/"
    error = erin.refused("post", path, body, status=422, code="bad_input", **{"Idempotency-Key": "k"})
    assert field in error["fields"]


def test_a_body_that_is_not_json_is_told_so(house: Any, call: Any) -> None:
    erin = call(house.erin)
    house.task("a1")
    path = f"assignments/{lease(erin)['id']}/annotations/"
    error = erin.upload(path, b"{", "application/json", status=400)["error"]
    assert error["code"] == "parse_error"
    assert erin.upload(path, b"a=1", "text/plain", status=415)["error"]["code"] == "unsupported_media_type"
    assert erin.upload(path, b"[1]", "application/json", status=422)["error"]["code"] == "bad_input"


def test_a_body_beyond_the_limit_is_refused_unread(house: Any, call: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    house.task("a1")
    erin = call(house.erin)
    path = f"assignments/{lease(erin)['id']}/draft/"
    erin.refused("put", path, {"draft": {"x": "y" * 200}}, status=413, code="body_too_large")


def test_drafts_come_back_with_the_assignment(house: Any, call: Any) -> None:
    house.task("a1")
    erin = call(house.erin)
    number = lease(erin)["id"]
    stand = erin.put(f"assignments/{number}/draft/", {"draft": {"answers": {"digit": "5"}}})
    assert stand["state"] == "leased"
    assert erin.get(f"assignments/{number}/")["draft"] == {"answers": {"digit": "5"}}
    erin.refused("put", f"assignments/{number}/draft/", {"draft": 3}, status=422, code="bad_input")


def test_a_draft_says_what_it_is_based_on_and_a_newer_one_comes_back(house: Any, call: Any) -> None:
    house.task("a1")
    erin = call(house.erin)
    path = f"assignments/{lease(erin)['id']}/draft/"
    version = erin.put(path, {"draft": {"comment": "first"}, "based_on": ""})["draft_version"]
    error = erin.refused(
        "put", path, {"draft": {"comment": "second"}, "based_on": ""}, status=409, code="changed_elsewhere"
    )
    assert (error["draft"], error["version"]) == ({"comment": "first"}, version)
    erin.put(path, {"draft": {"comment": "second"}, "based_on": version})


def test_skipping_gives_the_task_to_others(house: Any, call: Any) -> None:
    house.task("a1")
    erin, emil = call(house.erin), call(house.emil)
    number = lease(erin)["id"]
    erin.refused("post", f"assignments/{number}/skip/", {"reason": "bored"}, status=422, code="bad_input")
    assert erin.post(f"assignments/{number}/skip/", {"reason": "unsure"})["state"] == "skipped"
    assert erin.post(NEXT)["assignment"] is None
    assert lease(emil)["task"]["key"] == "a1"


def test_escalating_hands_the_task_to_a_lead(house: Any, call: Any) -> None:
    task = house.task("a1")
    erin = call(house.erin)
    number = lease(erin)["id"]
    stand = erin.post(f"assignments/{number}/escalate/", {"reason": "guideline_gap", "note": "a slashed 7?"})
    assert stand["state"] == "escalated"
    task.refresh_from_db()
    assert task.state == "escalated"


def test_releasing_gives_the_task_back(house: Any, call: Any) -> None:
    house.task("a1", overlap=1)
    erin, emil = call(house.erin), call(house.emil)
    assert erin.post(f"assignments/{lease(erin)['id']}/release/")["state"] == "expired"
    assert lease(emil)["task"]["key"] == "a1"


def test_reopening_brings_the_answer_back_to_change(house: Any, call: Any) -> None:
    house.task("a1")
    erin = call(house.erin)
    assignment = lease(erin)
    submit(erin, assignment, "5")
    opened = erin.post(f"assignments/{assignment['id']}/reopen/")
    assert opened["state"] == "draft"
    assert opened["draft"]["answers"] == {"digit": "5"}
    changed = submit(erin, assignment, "8", key="k2")["annotation"]
    assert (changed["revision"], changed["answers"]) == (2, {"digit": "8"})


def test_nobody_reaches_the_assignment_of_a_colleague(house: Any, call: Any) -> None:
    house.task("a1")
    number = lease(call(house.erin))["id"]
    emil = call(house.emil)
    emil.get(f"assignments/{number}/", status=404)
    path = f"assignments/{number}/annotations/"
    emil.refused("post", path, ANSWER, status=404, code="not_found", **{"Idempotency-Key": "k"})
    for verb, body in {
        "skip": {"reason": "unsure"},
        "escalate": {"reason": "other"},
        "release": {},
        "reopen": {},
    }.items():
        emil.refused("post", f"assignments/{number}/{verb}/", body, status=404, code="not_found")
    emil.refused("put", f"assignments/{number}/draft/", {"draft": {}}, status=404, code="not_found")


def test_who_has_left_the_project_cannot_answer_any_more(house: Any, call: Any) -> None:
    house.task("a1")
    erin = call(house.erin)
    number = lease(erin)["id"]
    call(house.ada).delete("projects/digits/members/erin/")
    path = f"assignments/{number}/annotations/"
    erin.refused("post", path, ANSWER, status=404, code="not_found", **{"Idempotency-Key": "k"})


def test_gold_looks_like_any_audit_task(house: Any, call: Any) -> None:
    """Everything the API says of a gold task, but what tells one example from another, is what it says of audit."""
    house.task("a1", reason="audit", priority=2)
    house.task("g1", reason="gold")
    Task.objects.update(why="Drawn at random, so that the estimate of the model's error stays honest.")
    erin = call(house.erin)
    audit = lease(erin)
    house.queue.__class__.objects.update(gold_rate=0.5)
    gold, n = None, 0
    answer = submit(erin, audit, query="?next=true")
    while gold is None:  # the draw is a hash of who and after what: skip on until it falls on gold
        gold = answer["assignment"]
        if gold is None:
            n += 1
            house.task(f"x{n}")
            answer = erin.post(f"{NEXT}")
            if answer["assignment"] and answer["assignment"]["task"]["key"] != "g1":
                erin.post(f"assignments/{answer['assignment']['id']}/skip/", {"reason": "unsure"})
                answer = {"assignment": None}
        assert n < 60
    own = {"id", "leased_at", "lease_expires_at"}
    strip = {"key", "payload"}
    assert {k: v for k, v in gold.items() if k not in own | {"task"}} == {
        k: v for k, v in audit.items() if k not in own | {"task"}
    }
    assert {k: v for k, v in gold["task"].items() if k not in strip} == {
        k: v for k, v in audit["task"].items() if k not in strip
    }
    kept = submit(erin, gold, "8", key="k9")["annotation"]
    assert "gold" not in str(kept)
    assert kept["state"] == "submitted"


def test_an_assignment_tells_nothing_of_peers_or_of_how_it_was_chosen(house: Any, call: Any) -> None:
    house.task("a1", overlap=3)
    house.submit(house.emil, "8")
    assignment = lease(call(house.erin))
    assert set(assignment) == {
        "id",
        "state",
        "leased_at",
        "lease_expires_at",
        "draft",
        "draft_version",
        "revealed_as",
        "task",
    }
    assert set(assignment["task"]) == {
        "key", "payload", "given_label", "why", "suggestion", "prediction", "protocol", "confidence_asked",
    }  # fmt: skip
    assert "emil" not in str(assignment)


def test_a_protocol_that_hides_suggestions_hides_them_here(house: Any, call: Any) -> None:
    body = {**house.project.protocol.body, "suggestion": "hidden"}
    call(house.lena).post("projects/digits/protocols/", body, status=201)
    house.project.refresh_from_db()
    house.task("a1")
    task = lease(call(house.erin))["task"]
    assert task["prediction"] is None
    assert "the test says so" not in str(task)


def test_blind_first_the_model_speaks_after_the_answer_and_both_are_kept(house: Any, call: Any) -> None:
    body = {**house.project.protocol.body, "suggestion": "blind_first"}
    call(house.lena).post("projects/digits/protocols/", body, status=201)
    house.project.refresh_from_db()
    house.task("a1", model=house.model())
    erin = call(house.erin)
    assignment = lease(erin)
    path = f"assignments/{assignment['id']}/"
    assert (assignment["task"]["suggestion"], assignment["revealed_as"]) == ("blind_first", None)
    assert "0.6" not in str(assignment)
    assert "the test says so" not in str(assignment)
    refused = erin.post(f"{path}reveal/", {"answers": {}}, status=422)
    assert refused["error"]["field"] == "digit"
    told = erin.post(f"{path}reveal/", {"answers": {"digit": "8"}})
    assert told["task"]["prediction"] == {
        "model": 1, "label": "3", "score": 0.6, "top": [["3", 0.6], ["5", 0.3], ["8", 0.1]],
    }  # fmt: skip
    assert told["task"]["why"] == "because the test says so"
    assert told["revealed_as"]["answers"] == told["draft"]["answers"] == {"digit": "8"}
    assert erin.post(f"{path}reveal/", {"answers": {"digit": "5"}}) == told
    assert erin.get(path) == told
    submit(erin, assignment, "3")
    kept = Annotation.objects.get()
    assert (kept.answers["digit"], kept.reveal.answers["digit"], kept.revealed) == ("3", "8", True)


def test_where_suggestions_are_shown_there_is_nothing_to_reveal(house: Any, call: Any) -> None:
    house.task("a1")
    erin = call(house.erin)
    refused = erin.post(f"assignments/{lease(erin)['id']}/reveal/", {"answers": {"digit": "8"}}, status=422)
    assert refused["error"]["code"] == "nothing_to_reveal"


def test_the_hot_calls_are_lean(house: Any, call: Any, django_assert_max_num_queries: Any) -> None:
    for n in range(4):
        house.task(f"a{n}", priority=n)
    erin = call(house.erin)
    erin.get("projects/")  # the token's first use is written down
    with django_assert_max_num_queries(10):
        assignment = lease(erin)
    with django_assert_max_num_queries(16):
        submit(erin, assignment, query="?next=true")
