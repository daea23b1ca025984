"""Who may do what over HTTP: every address × method × role, from the URL list, so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern

from apps.annotation.models import Task
from apps.comments.services import add_comment
from apps.config.api_urls import urlpatterns
from apps.core.models import Event
from apps.projects.services import create_project, set_member
from apps.projects.services.groups import make_group
from apps.registry.models import PredictionRun
from tests.exchange.letters import dead_letter

EVERYBODY, LEADS = {"expert", "lead", "admin"}, {"lead", "admin"}
LEAD, ADMIN, DESK = {"lead"}, {"admin"}, {"expert", "lead"}
P = "projects/<slug:slug>/"
VERBS = ("skip", "escalate", "exclude", "release", "reopen")
RUNS = ("prediction-runs", "mining-runs", "snapshot-runs", "curriculum-runs", "training-runs")

# A new address fails the test below until it stands here.
MAY: dict[str, dict[str, set[str]]] = {
    f"{P}": {"get": EVERYBODY},
    f"{P}members/": {"get": LEADS, "post": ADMIN},
    f"{P}members/<str:username>/": {"delete": ADMIN},
    f"{P}groups/": {"get": LEADS, "post": LEADS},
    "groups/<int:id>/": {"put": LEADS, "delete": LEADS},
    f"{P}protocols/": {"get": EVERYBODY, "post": LEADS},
    f"{P}imports/": {"get": LEADS, "post": LEADS},
    "imports/<int:id>/": {"get": LEADS},
    "imports/<int:id>/cancel/": {"post": LEADS},
    "imports/<int:id>/retry/": {"post": LEADS},
    "imports/<int:id>/errors/": {"get": LEADS},
    f"{P}exports/": {"get": LEADS, "post": LEADS},
    "exports/<int:id>/": {"get": LEADS, "delete": LEADS},
    "exports/<int:id>/cancel/": {"post": LEADS},
    "exports/<int:id>/retry/": {"post": LEADS},
    "exports/<int:id>/file/": {"get": LEADS},
    f"{P}gold/": {"get": LEADS, "post": LEADS},
    "gold/<int:id>/retire/": {"post": LEADS},
    f"{P}calibration/": {"get": ADMIN},
    f"{P}prediction-runs/": {"get": EVERYBODY},
    f"{P}mining-runs/": {"get": EVERYBODY, "post": LEAD},
    f"{P}assignments/next/": {"post": DESK},
    f"{P}assignments/batch/": {"post": DESK},
    f"{P}annotations/batch/": {"post": DESK},
    "assignments/<int:id>/": {"get": DESK},
    "assignments/<int:id>/annotations/": {"post": DESK},
    "assignments/<int:id>/draft/": {"put": DESK},
    **{f"assignments/<int:id>/{verb}/": {"post": DESK} for verb in ("reveal", *VERBS)},
    "assignments/<int:id>/comments/": {"get": DESK, "post": DESK},
    f"{P}tasks/": {"get": LEADS},
    "tasks/<int:id>/comments/": {"get": LEADS, "post": LEADS},
    "comments/<int:id>/withdraw/": {"post": EVERYBODY},
    "tasks/<int:id>/adjudicate/": {"post": LEADS},
    **{f"tasks/<int:id>/{verb}/": {"post": LEADS} for verb in ("reopen", "take", "leave", "put-back")},
    f"{P}queues/": {"get": LEAD},
    "queues/<int:id>/reservations/": {"get": LEAD},
    **{
        f"queues/<int:id>/{verb}/": {"post": LEAD}
        for verb in ("pause", "resume", "withdraw", "reserve", "prioritise")
    },
    f"{P}dataset-versions/": {"get": EVERYBODY, "post": LEAD},
    f"{P}dataset-versions/<str:digest>/": {"get": EVERYBODY},
    f"{P}dataset-versions/<str:digest>/rows/": {"get": LEADS},
    f"{P}proposals/": {"get": EVERYBODY, "post": LEAD},
    "proposals/<int:id>/": {"get": EVERYBODY},
    "proposals/<int:id>/approve/": {"post": LEAD},
    "proposals/<int:id>/send-back/": {"post": LEAD},
    f"{P}recipes/": {"get": EVERYBODY, "post": LEAD},
    f"{P}benchmarks/": {"get": EVERYBODY, "post": LEAD},
    f"{P}training-runs/": {"get": EVERYBODY, "post": LEAD},
    f"{P}models/": {"get": EVERYBODY, "post": LEAD},
    "models/<int:id>/predictions/": {"post": LEAD},
    f"{P}benchmarks/<str:digest>/inputs/": {"get": LEADS},
    f"{P}minable/": {"get": LEADS},
    f"{P}curricula/": {"get": EVERYBODY},
    f"{P}curricula/<str:digest>/": {"get": EVERYBODY},
    f"{P}curricula/<str:digest>/rows/": {"get": LEADS},
    "models/<int:id>/": {"get": EVERYBODY},
    "models/<int:id>/gate/": {"post": LEAD},
    f"{P}gates/": {"get": EVERYBODY},
    "gates/<int:id>/": {"get": EVERYBODY},
    **{f"gates/<int:id>/{verb}/": {"post": LEAD} for verb in ("promote", "reject", "override")},
    f"{P}aliases/": {"get": EVERYBODY},
    f"{P}aliases/<slug:name>/": {"get": EVERYBODY, "post": LEAD},
    f"{P}aliases/<slug:name>/ledger/": {"get": EVERYBODY},
    f"{P}webhooks/": {"get": LEADS, "post": LEADS},
    "webhooks/<int:id>/": {"get": LEADS, "put": LEADS, "delete": LEADS},
    "webhooks/<int:id>/deliveries/": {"get": LEADS},
    **{
        f"webhooks/<int:id>/{verb}/": {"post": LEADS}
        for verb in ("rotate", "switch-off", "switch-on", "test", "replay")
    },
    "webhook-deliveries/<int:id>/replay/": {"post": LEADS},
    f"{P}rounds/": {"get": EVERYBODY, "post": LEAD},
    "rounds/<int:id>/reflection/": {"post": LEAD},
    f"{P}events/": {"get": ADMIN},
    f"{P}events/verification/": {"get": ADMIN},
    **{f"{kind}/<int:id>/": {"get": EVERYBODY} for kind in RUNS},
    **{f"{kind}/<int:id>/{verb}/": {"post": LEADS} for kind in RUNS for verb in ("cancel", "retry")},
}
OPEN = {"schema/", "docs/"}
OF_NO_PROJECT = {
    "projects/": {"get", "post"},
    "notifications/": {"get"},
    "notifications/<int:id>/read/": {"post"},
    "notifications/read-all/": {"post"},
    "notifications/settings/": {"get", "put"},
    "keys/": {"get", "put"},
}
"""Everybody's own."""


def methods(pattern: URLPattern) -> set[str]:
    view = pattern.callback.view_class  # type: ignore[attr-defined]
    return {name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)} & set(
        view.http_method_names
    )


def operations() -> Iterator[tuple[str, str]]:
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        if route not in OPEN:
            yield from ((route, method) for method in sorted(methods(pattern)))


def test_every_operation_stands_in_the_table() -> None:
    known = {(route, method) for route, allowed in {**MAY, **OF_NO_PROJECT}.items() for method in allowed}
    assert set(operations()) == known, "Say in MAY who may use the new address; take out what is gone."


@pytest.fixture
def numbers(loop: Any) -> dict[str, int]:
    """One row of every kind that an address names by number; tasks and assignments are erin's."""
    loop.promoted()
    house = loop.house
    assignment = house.submit(house.erin) if house.task("pool-002", overlap=1) else None
    said = add_comment(example=assignment.task.example, by=house.erin, text="a word", at=house.clock)
    rounds = loop.lena.post("projects/digits/rounds/", status=201)
    mined = loop.lena.post("projects/digits/mining-runs/", status=202)
    loop.lena.post("projects/digits/exports/", {"what": "examples", "format": "csv"}, status=202)
    first = {
        kind: loop.lena.get(f"projects/digits/{kind}/")["results"][0]["id"]
        for kind in ("imports", "exports", "gold", "proposals", "training-runs", "models", "gates")
    }
    dead = dead_letter(house)
    people = {"people": ["erin"], "by": house.lena, "at": house.clock}
    return first | {
        "groups": make_group(project=house.project, name="Night shift", **people).pk,
        "prediction-runs": PredictionRun.objects.get().pk,
        "mining-runs": mined["id"],
        "snapshot-runs": house.project.snapshot_runs.first().pk,
        "curriculum-runs": house.project.curriculum_runs.first().pk,
        "assignments": assignment.pk,
        "comments": said.pk,
        "tasks": Task.objects.get().pk,
        "queues": Task.objects.get().queue_id,
        "rounds": rounds["id"],
        "webhooks": dead.webhook_id,
        "webhook-deliveries": dead.pk,
    }


def address(route: str, numbers: dict[str, int], digest: str) -> str:
    words = {
        "<slug:slug>": "digits",
        "<str:username>": "emil",
        "<slug:name>": "production",
        "<str:digest>": digest,
    }
    for word, value in words.items():
        route = route.replace(word, value)
    return route.replace("<int:id>", str(numbers.get(route.partition("/")[0], 0)))


def answer(caller: Any, method: str, path: str) -> tuple[int, str]:
    """Status and error code, with whatever it changed undone."""
    with transaction.atomic():
        response = getattr(caller.client, method)(f"/api/v1/{path}", {}, format="json")
        transaction.set_rollback(True)
    if response.streaming or response.status_code < 400:
        return response.status_code, ""
    return response.status_code, response.json()["error"]["code"]


def wrong(who: str, allowed: set[str], status: int, code: str) -> bool:
    if who == "anonymous":
        return status != 401
    if who == "stranger":
        return (status, code) != (404, "not_found")
    if who in allowed:
        return status in {401, 405} or code == "not_allowed"
    return (status, code) != (403, "not_allowed")


def test_each_role_may_do_what_the_table_says_and_no_more(
    loop: Any, call: Any, numbers: dict[str, int]
) -> None:
    house = loop.house
    digest = house.project.dataset_versions.get().digest
    people = {
        "anonymous": None,
        "stranger": house.sam,
        "expert": house.erin,
        "lead": house.luis,
        "admin": house.ada,
    }
    callers = {who: call(person) for who, person in people.items()}
    faults = []
    for route, method in operations():
        for who, caller in callers.items() if route in MAY else ():
            status, code = answer(caller, method, address(route, numbers, digest))
            if wrong(who, MAY[route][method], status, code):
                faults.append(f"{who} {method} {route}: {status} {code}")
    assert faults == []


@pytest.fixture
def elsewhere(loop: Any, call: Any, person: Any) -> dict[str, Any]:
    """The members of another project by their role there, as callers."""
    house = loop.house
    house.sam.is_staff = True
    house.sam.save()
    given = {"by": house.sam, "at": house.clock}
    project = create_project(slug="elsewhere", name="Elsewhere", **given)
    people = {"admin": house.sam, "lead": person("leo"), "expert": person("eve")}
    for role in ("lead", "expert"):
        set_member(project=project, person=people[role], role=role, **given)
    return {role: call(people[role]) for role in people}


def test_a_row_is_not_found_by_members_of_another_project(
    loop: Any, numbers: dict[str, int], elsewhere: dict[str, Any]
) -> None:
    digest = loop.house.project.dataset_versions.get().digest
    faults = []
    for route, method in operations():
        for role in MAY.get(route, {}).get(method, ()):
            if not route.startswith(P):
                told = answer(elsewhere[role], method, address(route, numbers, digest))
            elif "<" in route.removeprefix(P) and method != "post":  # named within the project they are in
                path = route.replace("<slug:slug>", "elsewhere")
                told = answer(elsewhere[role], method, address(path, numbers, digest))
            else:
                continue
            if told != (404, "not_found") and not route.endswith("/ledger/"):  # a list, empty there
                faults.append(f"{role} {method} {route}: {told}")
    assert faults == []
    assert elsewhere["lead"].get("projects/elsewhere/aliases/production/ledger/")["results"] == []


def test_a_row_of_another_project_cannot_be_named_in_a_body(
    loop: Any, numbers: dict[str, int], elsewhere: dict[str, Any]
) -> None:
    digest = loop.house.project.dataset_versions.get().digest
    for path, body in {
        "proposals": {"dataset": digest},
        "training-runs": {"proposal": numbers["proposals"]},
        "gold": {"labels": {loop.house.project.examples.first().key: "3"}},
    }.items():
        before = Event.objects.count()
        response = elsewhere["lead"].client.post(f"/api/v1/projects/elsewhere/{path}/", body, format="json")
        assert response.status_code in {404, 422}, path
        assert Event.objects.count() == before, path


def test_nobody_calls_without_signing_in(client: Any, db: Any) -> None:
    for route, method in operations():
        path = "/api/v1/" + address(route, {}, "0" * 64)
        assert getattr(client, method)(path).status_code == 401, f"{method} {route}"
