"""Every address × every role. A new address fails here until its line stands in `WHO`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from apps.accounts.models import User
from apps.annotation.models import Assignment
from apps.calibration.services import add_gold
from apps.comments.services import add_comment
from apps.config.supervisor.parts import ROOT
from apps.core.models import Event
from apps.exchange.models import ExportRun, ImportRun
from apps.mining.models import MiningRun
from apps.projects.models import Project, Role
from apps.projects.services import create_project, set_member
from apps.projects.services.groups import make_group
from tests.conftest import House
from tests.exchange.letters import letter_words
from tests.exchange.uploads import uploaded
from tests.turn import Turn

pytestmark = pytest.mark.django_db

ALL = {"expert", "lead", "admin"}
LEADS = {"lead", "admin"}
LEAD = {"lead"}
ADMIN = {"admin"}
ANNOTATORS = {"expert", "lead"}

WHO: dict[str, set[str]] = {
    "annotation:adjudication": LEADS,
    "annotation:ahead": ANNOTATORS,
    "annotation:answer": ANNOTATORS,
    "annotation:bulk": ANNOTATORS,
    "annotation:desk": ANNOTATORS,
    "annotation:draft": ANNOTATORS,
    "annotation:escalate": ANNOTATORS,
    "annotation:exclude": ANNOTATORS,
    "annotation:keep": ANNOTATORS,
    "annotation:keep_all": ANNOTATORS,
    "annotation:lease": ANNOTATORS,
    "annotation:leave": LEADS,
    "annotation:my_work": ANNOTATORS,
    "annotation:preview": LEADS,
    "annotation:put_back": LEADS,
    "annotation:save_protocol": LEADS,
    "annotation:release": ANNOTATORS,
    "annotation:release_all": ANNOTATORS,
    "annotation:reopen": ANNOTATORS,
    "annotation:reopen_task": LEADS,
    "annotation:reveal": ANNOTATORS,
    "annotation:settle": LEADS,
    "annotation:skip": ANNOTATORS,
    "annotation:skip_all": ANNOTATORS,
    "annotation:stand": ANNOTATORS,
    "annotation:submit": ANNOTATORS,
    "annotation:submit_all": ANNOTATORS,
    "annotation:take": LEADS,
    "annotation:take_all": ANNOTATORS,
    "calibration:add_gold": LEADS,
    "calibration:calibration": ADMIN,
    "calibration:gold": LEADS,
    "calibration:mine": ANNOTATORS,
    "calibration:retire_gold": LEADS,
    "comments:at_desk": ANNOTATORS,
    "comments:comments": ALL,
    "comments:withdraw": ALL,
    "curricula:approve": LEAD,
    "curricula:cancel_run": LEADS,
    "curricula:proposal": ALL,
    "curricula:proposals": ALL,
    "curricula:propose": LEAD,
    "curricula:retry_run": LEADS,
    "curricula:send_back": LEAD,
    "datasets:cancel_run": LEADS,
    "datasets:cut": LEAD,
    "datasets:dataset": ALL,
    "datasets:datasets": ALL,
    "datasets:retry_run": LEADS,
    **{f"exchange:{noun}": LEADS for noun in ("imports", "preview", "problems", "run")},
    **{f"exchange:{verb}": LEADS for verb in ("cancel", "import_now", "retry", "start", "upload")},
    **{f"exchange:{verb}_export": LEADS for verb in ("cancel", "remove", "retry", "start")},
    **{f"exchange:{noun}": LEADS for noun in ("export", "exports")},
    "exchange:change_webhook": LEADS,
    "exchange:delete_webhook": LEADS,
    "exchange:make_webhook": LEADS,
    "exchange:replay": LEADS,
    "exchange:replay_all": LEADS,
    "exchange:rotate_webhook": LEADS,
    "exchange:switch_off_webhook": LEADS,
    "exchange:switch_on_webhook": LEADS,
    "exchange:test_webhook": LEADS,
    "exchange:webhook": LEADS,
    "exchange:webhooks": LEADS,
    "explore:audit": ADMIN,
    "explore:cancel_job": LEADS,
    "explore:data": ALL,
    "explore:example": ALL,
    "explore:health": ALL,
    "explore:jobs": ALL,
    "explore:lineage": ALL,
    "explore:retry_job": LEADS,
    "explore:verify_chain": ADMIN,
    "mining:cancel_run": LEADS,
    "mining:pause_queue": LEAD,
    "mining:prioritise": LEAD,
    "mining:queue": LEAD,
    "mining:reserve": LEAD,
    "mining:resume_queue": LEAD,
    "mining:retry_run": LEADS,
    "mining:run": ALL,
    "mining:runs": ALL,
    "mining:start": LEAD,
    "mining:withdraw_queue": LEAD,
    "projects:add_member": ADMIN,
    "projects:change_group": LEADS,
    "projects:dissolve_group": LEADS,
    "projects:make_group": LEADS,
    "projects:edit_protocol": LEADS,
    "projects:members": LEADS,
    "projects:protocol": ALL,
    "projects:protocol_file": ALL,
    "projects:protocol_version": ALL,
    "projects:remove_member": ADMIN,
    "projects:set_role": ADMIN,
    "rounds:board": ALL,
    "rounds:cancel": LEADS,
    "rounds:cut": LEAD,
    "rounds:mine": LEAD,
    "rounds:open_round": LEAD,
    "rounds:propose": LEAD,
    "rounds:reflect": LEAD,
    "rounds:retry": LEADS,
    "rounds:round": ALL,
    "training:add_recipe": LEAD,
    "training:ask_override": LEAD,
    "training:benchmarks": ALL,
    "training:cancel_run": LEADS,
    "training:freeze": LEAD,
    "training:judge": LEAD,
    "training:model": ALL,
    "training:models": ALL,
    "training:promote": LEAD,
    "training:reject": LEAD,
    "training:retry_run": LEADS,
    "training:roll_back": LEAD,
    "training:run": ALL,
    "training:runs": ALL,
}
"""Who may do what in a project: an address that is not here is not known to this test."""

PERSONAL = {
    "accounts:create_token",
    "accounts:bell",
    "accounts:keys",
    "accounts:notification_settings",
    "accounts:notifications",
    "accounts:open_notification",
    "accounts:read_all_notifications",
    "accounts:read_notification",
    "accounts:revoke_token",
    "accounts:save_break",
    "accounts:save_keys",
    "accounts:save_notifications",
    "accounts:tokens",
    "palette",
    "rounds:create_project",
    "rounds:home",
}
"""Addresses outside a project for whoever is signed in."""

OPEN = {"favicon", "healthz"}
"""Addresses for everybody, signed in or not."""

OTHERS = ("account_", "api-", "api:")
"""Prefixes of names that have their own tests: allauth's pages and the API."""

KNOWN = {"slug": "digits", "key": "some-key", "kind": "importrun"}
"""Words in addresses that are no numbers."""


def names(
    patterns: list[Any], prefix: str = "", route: str = ""
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name, route, converters) of every address."""
    for pattern in patterns:
        here = route + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            space = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from names(pattern.url_patterns, prefix + space, here)
        else:
            yield prefix + (pattern.name or here), here, pattern.pattern.converters


def addresses() -> dict[str, tuple[str, dict[str, Any]]]:
    found = {name: (route, kinds) for name, route, kinds in names(get_resolver().url_patterns)}
    return {
        n: place for n, place in found.items() if not n.startswith(OTHERS) and not place[0].startswith("api/")
    }


def in_projects() -> list[str]:
    return sorted(name for name, (route, _) in addresses().items() if route.startswith("p/"))


def url_of(name: str) -> str:
    """An address of project `digits`; what it names within the project does not exist."""
    _, converters = addresses()[name]
    return reverse(name, kwargs={word: KNOWN.get(word, 999_999) for word in converters})


def knock(client: Client, url: str, filled: dict[str, str] | None = None) -> tuple[int, str, int]:
    """Status, where it leads, and events written; by POST where the address takes no GET. Undone afterwards."""
    before = Event.objects.count()
    with transaction.atomic():
        answer = client.get(url)
        if answer.status_code == 405:
            answer = client.post(url, filled)
        written = Event.objects.count() - before
        transaction.set_rollback(True)
    return answer.status_code, answer.get("Location", ""), written


def staff(person: User) -> User:
    person.is_staff = True
    person.save()
    return person


def person_as(house: House, role: str) -> User:
    return {"expert": house.erin, "lead": house.lena, "admin": house.ada}[role]


def test_every_address_has_its_line() -> None:
    places = addresses()
    missing = set(in_projects()) - set(WHO)
    strays = {n for n, (route, _) in places.items() if not route.startswith("p/")} - PERSONAL - OPEN
    gone = (set(WHO) | PERSONAL | OPEN) - set(places)

    assert not missing, f"Add {sorted(missing)} to WHO in tests/architecture/test_roles.py, with who may."
    assert not strays, f"Add {sorted(strays)} to PERSONAL or OPEN in tests/architecture/test_roles.py."
    assert not gone, f"Take {sorted(gone)} out of tests/architecture/test_roles.py: there is no such address."


def test_nobody_gets_in_without_signing_in(client: Client, house: House) -> None:
    answers = {name: knock(client, url_of(name)) for name in in_projects()}

    let_in = {n: a for n, a in answers.items() if a[0] != 302 or not a[1].startswith("/accounts/login/")}
    assert not let_in


def test_a_member_of_another_project_finds_nothing(client: Client, house: House) -> None:
    create_project(slug="elsewhere", name="Elsewhere", by=staff(house.sam), at=house.clock)
    client.force_login(house.sam)

    answers = {name: knock(client, url_of(name)) for name in in_projects()}

    assert not {name: answer for name, answer in answers.items() if answer[0] != 404 or answer[2]}


@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_do_what_the_table_says_and_nothing_else(
    client: Client, house: House, role: str
) -> None:
    house.example("some-key")
    client.force_login(person_as(house, role))

    answers = {name: knock(client, url_of(name)) for name in in_projects()}

    allowed = {name for name, (code, _, _) in answers.items() if code != 403}
    should = {name for name, roles in WHO.items() if role in roles}
    assert sorted(allowed - should) == [], f"{role} may, though WHO does not say so"
    assert sorted(should - allowed) == [], f"{role} may not, though WHO says so"
    assert not {name for name in answers if name not in allowed and answers[name][2]}, "refused, and yet done"
    assert not {name: answer for name, answer in answers.items() if answer[0] >= 500}


@pytest.mark.parametrize("role", Role.values)
def test_pages_that_need_no_more_than_a_project_show_themselves(
    client: Client, house: House, role: str
) -> None:
    client.force_login(person_as(house, role))
    bare = [n for n in in_projects() if set(addresses()[n][1]) == {"slug"} and role in WHO.get(n, ())]

    answers = {name: client.get(url_of(name)).status_code for name in bare}

    assert not {name: code for name, code in answers.items() if code not in {200, 405}}


LESSON = dict.fromkeys(("expected", "observed", "cause", "action"), "words")
FILLED = {
    **LESSON,
    "reason": "other",
    "text": "a word",
    "note": "words",
    "role": "expert",
    "condition": "unusable",
    "digest": "d",
}
"""Enough for every form, so that a row is looked for before anything is refused for what was typed."""


def runs_of(project: Project, *, mined: MiningRun, imported: ImportRun) -> dict[str, int]:
    """The run that each app's addresses name; an export has the number of the import."""
    at = imported.created_at
    ExportRun.objects.create(pk=imported.pk, project=project, what="examples", format="csv", created_at=at)
    return {
        "curricula": project.curriculum_runs.latest("pk").pk,
        "datasets": project.snapshot_runs.latest("pk").pk,
        "exchange": imported.pk,
        "explore": imported.pk,
        "mining": mined.pk,
        "rounds": imported.pk,
        "training": project.training_runs.latest("pk").pk,
    }


@pytest.fixture
def rows(house: House) -> dict[str, dict[str, Any]]:
    """What the words of each address are for a real row of project `digits`."""
    turn = Turn(house)
    mined, gate, project = turn.answered(), turn.gate(), house.project
    held = Assignment.objects.filter(person=house.erin).latest("pk")
    imported = ImportRun.objects.create(project=project, format="csv", created_at=house.clock)
    gold = add_gold(project=project, labels={"t01": "5"}, by=house.lena, at=house.clock)
    people = {"people": ["erin"], "by": house.lena, "at": house.clock}
    runs = runs_of(project, mined=mined, imported=imported)
    comment = {"example": held.task.example, "text": "a word", "by": house.erin, "at": house.clock}
    numbers = {"datasets": 1, "rounds": 1, "training": gate.candidate.number}
    everywhere = {
        **letter_words(house),
        "assignment_id": held.pk,
        "comment_id": add_comment(**comment).pk,
        "gate_id": gate.pk,
        "gold_id": gold[0].pk,
        "group_id": make_group(project=project, name="Night shift", **people).pk,
        "key": "t01",
        "kind": "importrun",
        "person_id": house.emil.pk,
        "proposal_id": project.proposals.latest("pk").pk,
        "queue_id": house.queue.pk,
        "task_id": held.task_id,
        "upload_id": uploaded(house).pk,
        "version": 1,
    }
    return {
        name: {**everywhere, "run_id": runs.get(name, runs.get(app)), "number": numbers.get(app)}
        for name in in_projects()
        for app in [name.partition(":")[0]]
    }


def naming_rows() -> list[str]:
    return [name for name in in_projects() if set(addresses()[name][1]) > {"slug"}]


def test_a_row_is_not_found_from_within_another_project(
    client: Client, house: House, rows: dict[str, dict[str, Any]]
) -> None:
    # the same people in the same roles: what they may do in one project says nothing of the other's rows
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", by=house.ada, at=house.clock)
    for role in ("lead", "expert"):
        person = person_as(house, role)
        set_member(project=elsewhere, person=person, role=role, by=house.ada, at=house.clock)

    def code(role: str, slug: str, name: str) -> int:
        words = {word: rows[name][word] for word in addresses()[name][1] if word != "slug"}
        client.force_login(person_as(house, role))
        return knock(client, reverse(name, kwargs={"slug": slug, **words}), FILLED)[0]

    here = {n: {code(role, "digits", n) for role in WHO[n]} for n in naming_rows()}
    scoped = set(naming_rows())
    there = {(n, role): code(role, "elsewhere", n) for n in scoped for role in WHO[n]}

    assert not {name: codes for name, codes in here.items() if codes == {404}}, "these rows are not real"
    assert not {place: status for place, status in there.items() if status != 404}


def test_templates_ask_the_table_what_a_role_may_do() -> None:
    asks = re.compile(r"(?<!row\.)\brole (==|!=|in) ")
    files = (ROOT / "templates").rglob("*.html")
    assert not [file.name for file in files if asks.search(file.read_text())], "ask `member|may` instead"


def test_what_is_outside_projects_asks_strangers_to_sign_in_or_is_open(client: Client, house: House) -> None:
    for name in PERSONAL:
        assert knock(client, url_of(name))[1].startswith("/accounts/login/"), name
    for name in OPEN:
        assert knock(client, url_of(name))[0] == 200, name
