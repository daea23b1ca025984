"""Servers die under load: nobody's acknowledged answer is lost, doubled or too many."""

from __future__ import annotations

import json

import pytest

from apps.config.demo.caller import Caller

from .experts import Crew, at_work
from .stack import Stack, until

KEPT = """
SELECT request_key, annotation.id FROM annotation_annotation AS annotation
JOIN annotation_assignment AS assignment ON assignment.id = assignment_id
JOIN annotation_task AS task ON task.id = task_id JOIN annotation_queue AS queue ON queue.id = queue_id
JOIN projects_project AS project ON project.id = project_id WHERE slug = %s
"""
TOO_MANY = """
SELECT task.id FROM annotation_task AS task JOIN annotation_assignment AS assignment ON task_id = task.id
WHERE assignment.state IN ('leased', 'draft', 'submitted') GROUP BY task.id, overlap HAVING count(*) > overlap
"""
MOVED = """
SELECT object_id, count(*) FROM core_event WHERE kind = 'assignment.submitted' GROUP BY 1 HAVING count(*) > 1
"""


def nothing_lost_doubled_or_too_many(stack: Stack, slug: str, crew: Crew) -> None:
    """Each key that was acknowledged is there once, with the annotation its sender was told of, and no other is."""
    rows = stack.rows(KEPT, slug)
    assert len(rows) == len(dict(rows))
    assert dict(rows) == crew.kept
    assert stack.rows(TOO_MANY) == []
    assert stack.rows(MOVED) == []


def chain_of_events(admin: Caller, slug: str) -> dict[str, object]:
    """What verification says once the sealer has caught up."""

    def look() -> dict[str, object] | None:
        report = dict(admin.get(f"projects/{slug}/events/verification/"))
        return None if report["unsealed"] else report

    return until(look, what="the sealing of all events")


def import_rows(admin: Caller, slug: str, *keys: str) -> str:
    """The path of an import just started."""
    rows = (json.dumps({"key": key, "payload": {"text": key}, "split": "pool"}) for key in keys)
    run = admin.upload(f"projects/{slug}/imports/", "\n".join(rows).encode(), kind="application/x-ndjson")
    return f"imports/{run['id']}/"


def admin_of(stack: Stack, slug: str) -> Caller:
    """Somebody who may import into the project and verify its chain."""
    return member_of(stack, slug, f"{slug}-auditor", "admin")


def member_of(stack: Stack, slug: str, name: str, role: str) -> Caller:
    """Somebody new who has this role in the project."""
    caller = stack.callers(stack.sign_up(name))[name]
    sql = """
    INSERT INTO projects_membership (project_id, person_id, role, created_at)
    SELECT project.id, person.id, %s, now() FROM projects_project AS project, accounts_user AS person
    WHERE slug = %s AND username = %s
    """
    stack.execute(sql, role, slug, name)
    return caller


@pytest.mark.timeout(180)
def test_the_broker_killed_and_restarted_under_load_stops_nobody_and_loses_no_job(stack: Stack) -> None:
    tokens = stack.desk("broker", experts=4, tasks=2_000)
    admin = admin_of(stack, "broker")

    with at_work(stack, "broker", tokens) as crew:
        crew.until_answered(10)
        with stack.nothing_is_restarted():
            pid = stack.kill("broker")
            runs = [import_rows(admin, "broker", f"away-{n}") for n in range(3)]
            crew.until_answered(20)
        stack.until_back("broker", but=pid)
        runs += [import_rows(admin, "broker", f"back-{n}") for n in range(3)]
        crew.until_answered(10)
        done = [admin.finished(path) for path in runs]

    assert crew.troubles == []
    assert [run["rows_created"] for run in done] == [1] * 6
    assert [run["attempts"] for run in done] == [1] * 6
    nothing_lost_doubled_or_too_many(stack, "broker", crew)
    assert chain_of_events(admin, "broker")["broken_at"] is None


@pytest.mark.timeout(180)
def test_the_database_killed_and_restarted_under_load_keeps_every_acknowledged_answer(stack: Stack) -> None:
    tokens = stack.desk("database", experts=6, tasks=2_000, overlap=2)
    admin = admin_of(stack, "database")

    with at_work(stack, "database", tokens) as crew:
        crew.until_answered(30)
        with stack.nothing_is_restarted():
            pid = stack.kill("database")
            until(lambda: 503 in crew.troubles, what="a request refused for want of a database")
        stack.until_back("database", but=pid)
        crew.until_answered(60)
    run = admin.finished(import_rows(admin, "database", "after"))

    assert set(crew.troubles) == {503}
    assert run["rows_created"] == 1
    nothing_lost_doubled_or_too_many(stack, "database", crew)
    assert chain_of_events(admin, "database")["broken_at"] is None
