"""The project's events, newest first, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.core.keyset import number_in
from apps.core.models import Event
from apps.explore.domain import noun_of, people_in, tell
from apps.projects.permissions import Member

PAGE = 50


@dataclass(frozen=True)
class Asked:
    """Which events are wanted. `where` is `installation` for those that belong to no project (staff only)."""

    person: str = ""
    kind: str = ""
    object: str = ""
    where: str = ""
    before: str = ""

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Asked:
        asked = cls(**{field.name: values.get(field.name, "").strip() for field in fields(cls)})
        number_in(asked.before, name="before")
        return asked

    @property
    def narrowed(self) -> bool:
        return bool(self.person or self.kind or self.object)

    def url(self, **changes: str) -> str:
        return urlencode({name: value for name, value in vars(replace(self, **changes)).items() if value})


@dataclass(frozen=True)
class Line:
    """One event as a sentence, with what it is about; `number` is its place in the chain, None until it is sealed."""

    event: Event
    text: str
    noun: str
    number: int | None


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    next: str


def events(*, member: Member, asked: Asked) -> Page:
    """One page of events."""
    rows = list(_found(member, asked)[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    ids = {pk for event in rows for pk in people_in(event.kind, event.data)}
    names = {user.pk: user.display_name for user in User.objects.filter(pk__in=ids)}
    lines = [Line(event, tell(event, names), noun_of(event.object_type), _number(event)) for event in rows]
    return Page(lines, asked.url(before=str(rows[-1].pk)) if more else "")


def _number(event: Event) -> int | None:
    seal = getattr(event, "seal", None)
    return seal.number if seal else None


def _found(member: Member, asked: Asked) -> QuerySet[Event]:
    installation = asked.where == "installation" and member.person.is_staff
    rows = Event.objects.select_related("actor", "seal").order_by("-pk")
    rows = rows.filter(project_id=None if installation else member.project.pk)
    if asked.person:
        rows = rows.filter(actor__username=asked.person)
    if asked.kind:
        rows = rows.filter(kind__startswith=asked.kind)
    if asked.object:
        noun, _, pk = asked.object.partition(":")
        rows = rows.filter(object_type=noun.strip().lower())
        rows = rows.filter(object_id=pk.strip()) if pk else rows
    return rows.filter(pk__lt=int(asked.before)) if asked.before else rows


def people(*, member: Member) -> QuerySet[User]:
    """Everybody who is a member now, for the filter."""
    return User.objects.filter(memberships__project=member.project).order_by("username")
