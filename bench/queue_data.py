"""Makes the benchmark's project: n open tasks, 64 signed-in annotators, and the floors' own table of n rows."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import django

ANNOTATORS = 64
OVERLAP = 2
SPARE = 250_000  # the floors are quick: they would run out of a small queue within a run
PEOPLE = "INSERT INTO projects_membership (project_id, person_id, role, created_at) VALUES (%s, %s, 'expert', now())"
TASKS = """
TRUNCATE annotation_consensus, annotation_annotation, annotation_assignment, annotation_task, examples_example,
  examples_payload, core_eventseal, core_event CASCADE;
INSERT INTO examples_payload (digest, body)
  SELECT md5(n::text), jsonb_build_object('image', '{image}') FROM generate_series(1, {n}) AS n;
INSERT INTO examples_example (project_id, key, payload_id, split, attributes, licence, created_at, updated_at)
  SELECT {project}, 'example-' || n, md5(n::text), 'pool', '{{}}', '', now(), now() FROM generate_series(1, {n}) AS n;
INSERT INTO annotation_task (queue_id, example_id, payload_id, state, reason, why, signals, stratum, prediction,
    overlap, open_slots, priority, created_at)
  SELECT {queue}, id, payload_id, 'open', 'margin', 'The model hesitates between 3 (0.51) and 8 (0.47).', '{{}}',
    'certainty', '{{"label": "3", "score": 0.51, "top": [["3", 0.51], ["8", 0.47], ["9", 0.02]]}}', {overlap},
    {overlap}, random(), now() FROM examples_example;
DROP TABLE IF EXISTS bench_answer, bench_task;
CREATE TABLE bench_task (id bigserial PRIMARY KEY, queue_id integer, state text, priority double precision);
CREATE TABLE bench_answer (id bigserial PRIMARY KEY, task_id bigint, person_id bigint, answers jsonb, at timestamptz);
INSERT INTO bench_task (queue_id, state, priority) SELECT 1, 'open', random() FROM generate_series(1, {n} + {spare});
CREATE INDEX ON bench_task (queue_id, priority DESC, id) WHERE state = 'open';
ANALYZE;
"""


def make(n: int) -> list[dict[str, str]]:
    """Fill the tables and return each annotator's session and token."""
    from django.db import connection

    from apps.annotation.models import Queue
    from apps.config.demo import digits

    project = _project()
    image = digits.load(seed=1).rows[0]["payload"]["image"]
    queue = Queue.objects.get(project=project)
    with connection.cursor() as cursor:
        cursor.execute(
            TASKS.format(n=n, project=project.pk, queue=queue.pk, overlap=OVERLAP, spare=SPARE, image=image)
        )
    return _annotators(project)


def _project() -> Any:
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.annotation.models import Queue
    from apps.annotation.services.tasks import queue_for
    from apps.config.demo.project import PROTOCOL
    from apps.projects.models import Project
    from apps.projects.services import add_protocol, create_project

    if found := Project.objects.filter(slug="bench").first():
        return found
    now = timezone.now()
    admin = User.objects.create_user("bench-admin", "bench-admin@example.org", is_staff=True)
    project = create_project(slug="bench", name="Bench", by=admin, at=now)
    protocol = add_protocol(project=project, body=_only_target_required(PROTOCOL), by=admin, at=now)
    queue = queue_for(project=project, protocol=protocol, at=now)
    Queue.objects.filter(pk=queue.pk).update(gold_rate=0)
    return project


def _only_target_required(protocol: dict[str, Any]) -> dict[str, Any]:
    """So that it can be answered in bulk too."""
    questions = [{**one, "required": bool(one.get("target"))} for one in protocol["questions"]]
    return {**protocol, "questions": questions}


def _annotators(project: Any) -> list[dict[str, str]]:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.db import connection
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.accounts.services import create_token

    sessions = import_module(settings.SESSION_ENGINE).SessionStore
    rows = []
    for n in range(ANNOTATORS):
        user, made = User.objects.get_or_create(username=f"annotator-{n}", email=f"annotator-{n}@example.org")
        if made:
            with connection.cursor() as cursor:
                cursor.execute(PEOPLE, [project.pk, user.pk])
        session = sessions()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session.create()
        _, secret = create_token(user=user, name="bench", at=timezone.now())
        rows.append({"session": session.session_key, "token": secret})
    return rows


def doubled() -> dict[str, int]:
    """What must be 0: one person twice on a task, more counted answers than overlap, leases beyond the slots."""
    from django.db import connection

    counted = "SELECT task_id FROM annotation_assignment WHERE state IN ('leased', 'draft', 'submitted')"
    queries = {
        "same_person_twice": "SELECT count(*) FROM (SELECT 1 FROM annotation_assignment GROUP BY task_id, person_id "
        "HAVING count(*) > 1) AS twice",
        "beyond_overlap": f"SELECT count(*) FROM (SELECT 1 FROM ({counted}) AS live JOIN annotation_task AS task "
        "ON task.id = task_id GROUP BY task.id, task.overlap HAVING count(*) > task.overlap) AS beyond",
    }
    found = {}
    with connection.cursor() as cursor:
        for name, query in queries.items():
            cursor.execute(query)
            found[name] = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM annotation_annotation")
        found["annotations"] = cursor.fetchone()[0]
    return found


if __name__ == "__main__":
    django.setup()
    print(json.dumps(doubled() if sys.argv[1] == "check" else make(int(sys.argv[1]))))
