"""Comments and exclusions over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from apps.annotation.models import Task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _task(house: Any) -> None:
    house.task("a1")


def lease(caller: Any) -> int:
    return int(caller.post("projects/digits/assignments/next/")["assignment"]["id"])


def test_an_expert_asks_by_assignment_and_a_lead_answers_by_task(house: Any, call: Any) -> None:
    erin, lena = call(house.erin), call(house.lena)
    number, task = lease(erin), Task.objects.get().pk
    asked = erin.post(f"assignments/{number}/comments/", {"text": "a tail, @lena?"}, status=201)
    assert (asked["author"], asked["who"], asked["parent"]) == ("erin", "You", None)
    (seen,) = lena.get(f"tasks/{task}/comments/")
    assert (seen["author"], seen["who"], seen["text"]) == (None, "Expert 1", "a tail, @lena?")
    lena.post(f"tasks/{task}/comments/", {"text": "yes", "parent": seen["id"]}, status=201)
    assert [one["text"] for one in erin.get(f"assignments/{number}/comments/")] == ["a tail, @lena?", "yes"]


def test_a_colleagues_comments_are_not_given_out(house: Any, call: Any) -> None:
    erin, emil = call(house.erin), call(house.emil)
    erin.post(f"assignments/{lease(erin)}/comments/", {"text": "five"}, status=201)
    theirs = lease(emil)
    assert emil.get(f"assignments/{theirs}/comments/") == []
    emil.refused(
        "post", f"assignments/{theirs}/comments/", {"text": "@erin?"}, status=422, code="mentions_peers"
    )


def test_ones_own_comment_is_withdrawn_once(house: Any, call: Any) -> None:
    erin = call(house.erin)
    number = erin.post(f"assignments/{lease(erin)}/comments/", {"text": "oops"}, status=201)["id"]
    call(house.emil).refused("post", f"comments/{number}/withdraw/", status=404, code="not_found")
    gone = erin.post(f"comments/{number}/withdraw/")
    assert (gone["state"], gone["text"]) == ("withdrawn", "")
    erin.refused("post", f"comments/{number}/withdraw/", status=409, code="illegal_move")


def test_what_an_expert_excludes_a_lead_puts_back(house: Any, call: Any) -> None:
    erin, lena = call(house.erin), call(house.lena)
    stand = erin.post(f"assignments/{lease(erin)}/exclude/", {"reason": "duplicate", "note": "of a2"})
    assert stand["state"] == "excluded"
    (task,) = lena.get("projects/digits/tasks/", state="excluded")["results"]
    assert lena.get("projects/digits/queues/")[0]["excluded"] == 1
    assert lena.post(f"tasks/{task['id']}/put-back/", {"to": "open", "why": "it is not"})["state"] == "open"
    lena.refused("post", f"tasks/{task['id']}/put-back/", {"to": "open"}, status=409, code="not_excluded")
