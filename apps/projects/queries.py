"""Members, and protocol versions with what changed between them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from apps.accounts.models import User
from apps.core.errors import BadInput, NotFound
from apps.projects.domain import EVERYBODY
from apps.projects.domain.changes import Change, changes
from apps.projects.domain.mapping import Fate, fates
from apps.projects.domain.reading import Reading, Version
from apps.projects.domain.ready import BARE, NOTHING, READY
from apps.projects.models import Group, Membership, Project, Protocol, Role
from apps.projects.permissions import MAY

CONTEXT = 3  # unchanged lines shown around a change


@lru_cache(maxsize=256)
def protocol_of(pk: int) -> Protocol:
    """A protocol version. It never changes (a trigger sees to it), so each process reads it once."""
    return Protocol.objects.get(pk=pk)


@lru_cache(maxsize=256)
def _reading(protocol_id: int) -> Reading:
    newest = Protocol.objects.get(pk=protocol_id)
    rows = Protocol.objects.filter(project=newest.project_id, version__lte=newest.version).order_by("version")
    return Reading([Version(r.version, r.body, r.digest, r.mapping, r.created_at) for r in rows])


def reading_of(*, project: Project) -> Reading:
    """How labels of older versions are read now. Versions never change, so each process works it out once."""
    return _reading(project.protocol_id) if project.protocol_id else Reading([])


def members_of(*, project: Project) -> QuerySet[Membership]:
    return Membership.objects.select_related("person").filter(project=project)


def people_who_may(*, project: Project, action: str) -> list[int]:
    """Ids of the members whose role may do this."""
    return list(project.memberships.filter(role__in=MAY[action]).values_list("person_id", flat=True))


def groups_of(*, project: Project) -> QuerySet[Group]:
    """The groups that have a name, by it, with their people."""
    return project.groups.filter(person=None).prefetch_related("people").order_by(Lower("name"))


def group_in(*, project: Project, group_id: int) -> Group:
    """One of the named groups; raises `NotFound`."""
    found = groups_of(project=project).filter(pk=group_id).first()
    if found is None:
        raise NotFound("There is no such group in this project.")
    return found


def people_in(*, project: Project, usernames: Iterable[str]) -> list[User]:
    """These members of the project; raises `BadInput` naming who is none."""
    wanted = list(dict.fromkeys(usernames))
    found = {one.person.username: one.person for one in members_of(project=project)}
    if strangers := [name for name in wanted if name not in found]:
        raise BadInput(
            f"{', '.join(map(repr, strangers[:5]))} is no member of this project. Add them under Members first.",
            field="people",
        )
    return [found[name] for name in wanted]


def able_people(*, group: Group) -> list[int]:
    """Ids of those of a group who may answer tasks: members still, of a role that annotates, and active."""
    able = group.project.memberships.filter(role__in=MAY["annotate"], person__is_active=True)
    return list(able.filter(person__in=group.people.all()).values_list("person_id", flat=True))


def audiences(*, project: Project) -> list[tuple[str, str]]:
    """Whom tasks can be for, as (address, words): everybody, each group, each member who may answer."""
    people = members_of(project=project).filter(role__in=MAY["annotate"], person__is_active=True)
    return [
        (EVERYBODY, "Everybody"),
        *((group.address, f"{group} (group)") for group in groups_of(project=project)),
        *((f"person:{one.person.username}", one.person.display_name) for one in people),
    ]


class NoAudience(BadInput):
    def __init__(self, address: str) -> None:
        super().__init__(
            f"Nobody here is called {address[:80]!r}. Give {EVERYBODY!r}, `group:` and a group's name, or `person:` "
            "and the username of a member who may answer.",
            field="reserved_for",
        )


def admins_of(*, project: Project) -> int:
    return project.memberships.filter(role=Role.ADMIN).count()


def member_person(*, project: Project, person_id: int) -> User:
    """The person, who must be a member; raises `NotFound`."""
    membership = members_of(project=project).filter(person_id=person_id).first()
    if membership is None:
        raise NotFound("This person is not a member of the project.")
    return membership.person


def as_json(body: dict[str, Any]) -> str:
    """A protocol's body as people edit it."""
    return json.dumps(body, indent=2, ensure_ascii=False)


def draft_of(*, project: Project, start: str) -> str:
    """What the editor begins with: a ready protocol by its name, a version by its number, else the one in force."""
    if start.isdecimal():
        return as_json(protocol_version(project=project, version=int(start[:9])).body)
    if not start and project.protocol:
        return as_json(project.protocol.body)
    if start in READY:
        return as_json(READY[start].body)
    if start not in ("", NOTHING):
        known = ", ".join((NOTHING, *READY))
        raise NotFound(f"There is no protocol {start[:40]!r} to start from; choose one of {known}.")
    return as_json(BARE)


def protocol_version(*, project: Project, version: int) -> Protocol:
    found = versions_of(project=project).filter(version=version).first()
    if found is None:
        raise NotFound(f"There is no protocol version {version} in this project.")
    return found


def versions_of(*, project: Project) -> QuerySet[Protocol]:
    return Protocol.objects.select_related("created_by").filter(project=project)


@dataclass(frozen=True)
class Line:
    """One line of a difference: `change` is added, removed or same; `gap` marks lines left out before it."""

    change: str
    text: str
    gap: bool = False


@dataclass(frozen=True)
class Difference:
    """What lies between two versions: `changes` in words, `lines` of the JSON.

    `fates` says what became of old answers, where the two follow each other.
    """

    version: Protocol
    before: Protocol | None
    changes: list[Change]
    lines: list[Line]
    fates: list[Fate]


def difference(*, project: Project, version: int, against: int | None = None) -> Difference:
    """What this version changed against another, else against the one before it; raises `NotFound`."""
    newer = protocol_version(project=project, version=version)
    if against is None:
        older = versions_of(project=project).filter(version=version - 1).first()
    else:
        older = protocol_version(project=project, version=against)
    old = as_json(older.body).splitlines() if older else []
    lines = _lines(old, as_json(newer.body).splitlines())
    said = newer.mapping if older and newer.mapping and newer.mapping["from"] == older.version else None
    became = fates(said, older.body, newer.body) if older and said else []
    return Difference(newer, older, changes(older.body if older else {}, newer.body), lines, became)


def _lines(old: list[str], new: list[str]) -> list[Line]:
    lines: list[Line] = []
    for place, group in enumerate(difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT)):
        fresh = [line for change in group for line in _change(old, new, change)]
        if place:
            fresh[0] = Line(fresh[0].change, fresh[0].text, gap=True)
        lines += fresh
    return lines


def _change(old: list[str], new: list[str], change: Any) -> list[Line]:
    what, a, b, c, d = change
    if what == "equal":
        return [Line("same", text) for text in new[c:d]]
    return [*(Line("removed", text) for text in old[a:b]), *(Line("added", text) for text in new[c:d])]
