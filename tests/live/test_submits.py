"""An answer counts once, however it reaches us."""

from __future__ import annotations

import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg

from .stack import Stack, until

COUNTED = """
SELECT count(*) FILTER (WHERE assignment.state = 'submitted'),
  count(*) FILTER (WHERE assignment.state = 'surplus')
FROM annotation_assignment AS assignment JOIN annotation_task AS task ON task.id = task_id
JOIN annotation_queue AS queue ON queue.id = queue_id JOIN projects_project AS project ON project.id = project_id
WHERE slug = %s
"""
TIMES_SUBMITTED = """
SELECT count(*) FROM core_event WHERE kind = 'assignment.submitted' AND object_type = 'assignment' AND object_id = %s
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%annotation_assignment%%'
"""
ANNOTATIONS = "SELECT id FROM annotation_annotation WHERE assignment_id = %s"


class Person:
    """One expert's API calls, unadorned: what comes back is looked at, whatever it is."""

    def __init__(self, stack: Stack, slug: str, token: str) -> None:
        self.slug, self.token, self.netloc = slug, token, urlsplit(stack.url).netloc
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{stack.url}api/v1/", headers=headers, timeout=60, trust_env=False)

    def lease(self) -> int:
        return int(self.http.post(f"projects/{self.slug}/assignments/next/").json()["assignment"]["id"])

    def submit(self, assignment: int, *, key: str, label: str = "3") -> httpx.Response:
        body = {"answers": {"digit": label}}
        return self.http.post(
            f"assignments/{assignment}/annotations/", json=body, headers={"Idempotency-Key": key}
        )

    def submit_and_hang_up(self, assignment: int, *, key: str) -> None:
        """The whole request goes out, and nobody waits for the answer."""
        body = json.dumps({"answers": {"digit": "3"}})
        head = (
            f"POST /api/v1/assignments/{assignment}/annotations/ HTTP/1.1\r\nHost: {self.netloc}\r\n"
            f"Authorization: Bearer {self.token}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        host, _, port = self.netloc.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall((head + body).encode())
            connection.shutdown(socket.SHUT_WR)


def annotation_of(response: httpx.Response) -> Any:
    assert response.status_code == 201, response.text
    return response.json()["annotation"]["id"]


def test_an_answer_sent_again_under_its_key_counts_once(stack: Stack) -> None:
    person = Person(stack, "again", *stack.desk("again", experts=1, tasks=1, overlap=2))
    assignment, key = person.lease(), uuid.uuid4().hex

    first = annotation_of(person.submit(assignment, key=key))
    again = annotation_of(person.submit(assignment, key=key))
    other = person.submit(assignment, key=uuid.uuid4().hex, label="5")

    assert again == first
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "already_answered"
    assert stack.rows(ANNOTATIONS, assignment) == [(first,)]
    assert stack.value(TIMES_SUBMITTED, str(assignment)) == 1
    assert stack.rows(COUNTED, "again") == [(1, 0)]


def test_an_answer_sent_by_twelve_requests_at_once_counts_once(stack: Stack) -> None:
    person = Person(stack, "at-once", *stack.desk("at-once", experts=1, tasks=1, overlap=2))
    assignment, key = person.lease(), uuid.uuid4().hex

    with ThreadPoolExecutor(12) as pool:
        sent = [pool.submit(person.submit, assignment, key=key) for _ in range(12)]
        told = {annotation_of(each.result()) for each in sent}

    assert stack.rows(ANNOTATIONS, assignment) == [(number,) for number in told]
    assert stack.value(TIMES_SUBMITTED, str(assignment)) == 1
    assert stack.rows(COUNTED, "at-once") == [(1, 0)]


def test_an_answer_whose_sender_gave_up_waiting_counts_once_when_it_comes_again(stack: Stack) -> None:
    person = Person(stack, "hang-up", *stack.desk("hang-up", experts=1, tasks=1, overlap=2))
    assignment, key = person.lease(), uuid.uuid4().hex

    person.submit_and_hang_up(assignment, key=key)
    [(kept,)] = until(lambda: stack.rows(ANNOTATIONS, assignment), what="the answer that nobody waited for")
    again = annotation_of(person.submit(assignment, key=key))

    assert again == kept
    assert stack.rows(COUNTED, "hang-up") == [(1, 0)]
    assert stack.value(TIMES_SUBMITTED, str(assignment)) == 1


def expired(stack: Stack, assignment: int) -> bool:
    """Whether the clock's own job has taken the lease back."""
    return bool(stack.value("SELECT state FROM annotation_assignment WHERE id = %s", assignment) == "expired")


def test_an_answer_after_its_lease_ran_out_is_kept_and_counts_while_there_is_room(stack: Stack) -> None:
    person = Person(stack, "late", *stack.desk("late", experts=1, tasks=1, lease_seconds=1))
    assignment = person.lease()
    until(lambda: expired(stack, assignment), what="the end of the lease")

    kept = annotation_of(person.submit(assignment, key=uuid.uuid4().hex))

    assert stack.rows(ANNOTATIONS, assignment) == [(kept,)]
    assert stack.rows(COUNTED, "late") == [(1, 0)]


def test_an_answer_after_its_lease_went_to_somebody_else_is_kept_as_surplus(stack: Stack) -> None:
    slow, quick = (
        Person(stack, "slow", token) for token in stack.desk("slow", experts=2, tasks=1, lease_seconds=1)
    )
    held = slow.lease()
    until(lambda: expired(stack, held), what="the end of the lease")
    annotation_of(quick.submit(quick.lease(), key=uuid.uuid4().hex))

    kept = annotation_of(slow.submit(held, key=uuid.uuid4().hex, label="5"))

    assert stack.rows(ANNOTATIONS, held) == [(kept,)]
    assert stack.rows(COUNTED, "slow") == [(1, 1)]


def test_an_answer_cut_off_by_a_killed_web_server_counts_once_when_it_comes_again(stack: Stack) -> None:
    person = Person(stack, "cut-off", *stack.desk("cut-off", experts=1, tasks=1, overlap=2))
    assignment, key = person.lease(), uuid.uuid4().hex

    # the answer waits for a row that we hold, so that the server is killed in the middle of it
    with psycopg.connect(stack.database_url) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("SELECT FROM annotation_assignment WHERE id = %s FOR UPDATE", [assignment])
        sent = pool.submit(person.submit, assignment, key=key)
        until(lambda: stack.value(WAITING), what="an answer that waits for its row")
        pid = stack.kill("web")
        trouble = sent.exception(timeout=60)
        holder.rollback()
    stack.until_back("web", but=pid)
    until(lambda: answers(stack), what="an answer of the restarted web server")
    kept = annotation_of(person.submit(assignment, key=key))

    assert isinstance(trouble, httpx.TransportError)
    assert stack.rows(ANNOTATIONS, assignment) == [(kept,)]
    assert stack.value(TIMES_SUBMITTED, str(assignment)) == 1
    assert stack.rows(COUNTED, "cut-off") == [(1, 0)]


def answers(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.url}healthz", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
