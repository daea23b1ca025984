"""Groups of a project's members made, renamed, filled and dissolved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.core.errors import BadInput
from apps.core.events import record_event
from apps.projects.domain import EVERYBODY
from apps.projects.models import Group, Project
from apps.projects.permissions import MAY, require
from apps.projects.queries import NoAudience, groups_of, members_of, people_in


@transaction.atomic
def make_group(*, project: Project, name: str, people: Iterable[str], by: User, at: datetime) -> Group:
    """A new group of these members, by username; it may be empty at first."""
    require(person=by, project=project, action="manage_groups")
    group = Group(project=project, created_at=at)
    return _keep(group, name=name, people=people, by=by, at=at, kind="group.made")


@transaction.atomic
def change_group(*, group: Group, name: str, people: Iterable[str], by: User, at: datetime) -> Group:
    """Give the group this name and these people, whatever it had before; what is reserved for it stays so."""
    require(person=by, project=group.project, action="manage_groups")
    return _keep(group, name=name, people=people, by=by, at=at, kind="group.changed")


def _keep(group: Group, *, name: str, people: Iterable[str], by: User, at: datetime, kind: str) -> Group:
    group.name = " ".join(name.split())
    if not 1 <= len(group.name) <= 60:
        raise BadInput("Give the group a name of at most 60 characters.", field="name")
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise BadInput(
            f"There is already a group {group.name!r} here. Choose another name.", field="name"
        ) from error
    found = people_in(project=group.project, usernames=people)
    group.people.set(found)
    record_event(kind=kind, row=group, at=at, actor=by, name=group.name, people=[one.pk for one in found])
    return group


@transaction.atomic
def dissolve_group(*, group: Group, by: User, at: datetime) -> None:
    """There is no such group any more: what was reserved for it is for everybody."""
    require(person=by, project=group.project, action="manage_groups")
    Group.objects.select_for_update().get(
        pk=group.pk
    )  # what is being reserved for it at this moment, comes first
    record_event(kind="group.dissolved", row=group, at=at, actor=by, name=group.name)
    group.delete()


@transaction.atomic
def audience(*, project: Project, address: str, at: datetime) -> Group | None:
    """Whom an address of `audiences` names: None for everybody; a person's own group is made when there is none.

    It is locked, so that it is not dissolved before something is reserved for it. Raises `BadInput` for what names
    nobody in this project.
    """
    kind, _, name = address.partition(":")
    if address == EVERYBODY:
        return None
    named = groups_of(project=project).select_for_update(no_key=True).filter(name__iexact=name)
    if kind == "group" and (group := named.first()):
        return group
    able = members_of(project=project).filter(role__in=MAY["annotate"], person__username=name)
    member = able.first() if kind == "person" else None
    if member is None:
        raise NoAudience(address)
    group, _ = Group.objects.get_or_create(project=project, person=member.person, defaults={"created_at": at})
    group.people.add(member.person)
    return group
