"""Groups, reservations, priorities and leads at disputes over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from apps.annotation.models import Task


@pytest.fixture
def luis(house: Any, call: Any) -> Any:
    return call(house.luis)


@pytest.fixture
def queue(house: Any) -> str:
    for key in ("a", "b"):
        house.example(key, lang="de" if key == "a" else "en")
        house.task(key)
    return f"queues/{house.queue.pk}/"


def make(caller: Any, name: str = "Germanists", *people: str, **expected: Any) -> Any:
    return caller.post("projects/digits/groups/", {"name": name, "people": list(people)}, **expected)


def test_a_group_is_made_changed_and_dissolved(luis: Any) -> None:
    group = make(luis, "Germanists", "erin", "emil", status=201)
    assert group["people"] == ["erin", "emil"]
    path = f"groups/{group['id']}/"
    assert luis.put(path, {"name": "Night shift", "people": ["ella"]})["people"] == ["ella"]
    assert [one["name"] for one in luis.get("projects/digits/groups/")] == ["Night shift"]
    luis.delete(path)
    assert luis.get("projects/digits/groups/") == []


def test_who_is_no_member_is_named(luis: Any) -> None:
    error = luis.refused(
        "post", "projects/digits/groups/", {"name": "x", "people": ["sam"]}, status=422, code="bad_input"
    )
    assert error["field"] == "people"


def test_tasks_are_reserved_and_the_queue_says_for_whom(house: Any, luis: Any, queue: str) -> None:
    make(luis, "Germanists", "erin", "emil", status=201)
    body = {"select": {"attributes": {"lang": "de"}}, "audience": "group:Germanists"}
    assert luis.post(f"{queue}reserve/", body) == {"tasks": 1}
    assert luis.get(f"{queue}reservations/") == [
        {"audience": "group:Germanists", "open": 1, "people": 2, "stuck": 0}
    ]
    tasks = {one["key"]: one["reserved_for"] for one in luis.get("projects/digits/tasks/")["results"]}
    assert tasks == {"a": "group:Germanists", "b": "everybody"}
    (stands,) = luis.get("projects/digits/queues/")
    assert (stands["open"], stands["reserved"], stands["stuck"]) == (2, 1, 0)


def test_a_desk_of_others_says_what_waits_for_whom(house: Any, call: Any, luis: Any, queue: str) -> None:
    luis.refused("post", f"{queue}reserve/", {"audience": "person:erin"}, status=409, code="too_few_people")
    make(luis, "Germanists", "erin", "emil", status=201)
    luis.post(f"{queue}reserve/", {"audience": "group:Germanists"})
    empty = call(house.ella).post("projects/digits/assignments/next/")["empty"]
    assert empty["code"] == "reserved"
    assert "2 tasks wait for Germanists" in empty["message"]


def test_priorities_are_set(luis: Any, queue: str) -> None:
    body = {"select": {"keys": ["b"]}, "priority": "high"}
    assert luis.post(f"{queue}prioritise/", body) == {"tasks": 1}
    tasks = {one["key"]: one["priority"] for one in luis.get("projects/digits/tasks/")["results"]}
    assert tasks == {"a": "normal", "b": "high"}


@pytest.mark.parametrize(
    "select", [{"reason": "gold"}, {"n": 0}, {"keys": "a"}, {"attributes": ["de"]}, {"priority": "urgent"}]
)
def test_what_selects_nothing_we_know_is_refused(luis: Any, queue: str, select: Any) -> None:
    body = {"select": select, "audience": "everybody"}
    luis.refused("post", f"{queue}reserve/", body, status=422, code="bad_input")


def test_a_dispute_is_taken_kept_taken_over_and_left(house: Any, call: Any, luis: Any) -> None:
    task = house.task("a")
    house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    lena, path = call(house.lena), f"tasks/{task.pk}/"
    assert luis.post(f"{path}take/")["state"] == "leased"
    assert luis.post(f"{path}take/")["state"] == "leased"
    error = lena.refused("post", f"{path}take/", status=409, code="being_settled")
    assert error["by"] == "luis"
    decided = {"answers": {"digit": "5"}, "cause": "slip"}
    lena.refused("post", f"{path}adjudicate/", decided, status=409, code="being_settled")
    assert lena.post(f"{path}take/", {"take_over": True})["state"] == "leased"
    lena.post(f"{path}leave/", status=204)
    luis.post(f"{path}adjudicate/", decided)
    assert Task.objects.get().state == "settled"
    luis.refused("post", f"{path}take/", status=409, code="nothing_to_settle")
