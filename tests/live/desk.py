"""Makes a project with experts and open tasks, straight beside the database: JSON in, JSON out.

In: how many "experts" and "tasks", "slug", "overlap", "lease_seconds", and, for browsers, the experts' "password".
With a "protocol" of the test's own comes a "payload", the same in each task. Out: the experts' tokens.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

PROTOCOL = {
    "fields": [{"name": "text", "kind": "text"}],
    "questions": [{"name": "digit", "kind": "choice", "target": True, "options": ["3", "5", "8"]}],
}


def make(told: dict[str, Any]) -> list[str]:
    from django.utils import timezone

    from apps.accounts.models import User
    from apps.annotation.models import Queue
    from apps.annotation.services.tasks import open_tasks, queue_for
    from apps.config.demo.people import sign_up
    from apps.projects.services import add_protocol, create_project, set_member

    at, slug = timezone.now(), told["slug"]
    admin = User.objects.create_user(f"{slug}-admin", f"{slug}-admin@example.org", is_staff=True)
    project = create_project(slug=slug, name=slug, by=admin, at=at)
    tokens = sign_up({f"{slug}-{n}": False for n in range(told["experts"])})
    for name in tokens:
        person = User.objects.get(username=name)
        if told.get("password"):
            person.set_password(told["password"])
            person.save()
        set_member(project=project, person=person, role="expert", by=admin, at=at)
    protocol = add_protocol(project=project, body=told.get("protocol", PROTOCOL), by=admin, at=at)
    queue = queue_for(project=project, protocol=protocol, at=at)
    Queue.objects.filter(pk=queue.pk).update(lease_seconds=told["lease_seconds"], gold_rate=0)
    tasks = [_task(project, f"{slug}-{n:03}", "358"[n % 3], told, at) for n in range(told["tasks"])]
    open_tasks(queue=queue, tasks=tasks, at=at, source="test")
    return list(tokens.values())


def _task(project: Any, key: str, said: str, told: dict[str, Any], at: Any) -> Any:
    from apps.annotation.models import Task
    from apps.examples.models import Example, Payload

    body = told.get("payload", {"text": f"the text of {key}"})
    prediction = None if "protocol" in told else {"label": said, "score": 0.9, "top": [[said, 0.9]]}
    payload = Payload.objects.create(digest=key, body=body)
    times = {"created_at": at, "updated_at": at}
    example = Example.objects.create(project=project, key=key, payload=payload, split="pool", **times)
    return Task(
        example=example, payload=payload, reason="margin", why="the test says so", stratum="certainty",
        overlap=told["overlap"], prediction=prediction,
    )  # fmt: skip


if __name__ == "__main__":
    django.setup()
    json.dump(make(json.load(sys.stdin)), sys.stdout)
