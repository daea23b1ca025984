"""Projects created, members set, protocol versions added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify

from apps.accounts.models import User
from apps.accounts.services import invite_person, password_link
from apps.core.errors import BadInput, DomainError, NotAllowed
from apps.core.events import record_event
from apps.projects.domain import check_protocol, protocol_digest
from apps.projects.domain.mapping import check_mapping
from apps.projects.models import Group, Membership, Project, Protocol, Role
from apps.projects.permissions import require


class LastAdmin(DomainError):
    """A project must keep an admin."""

    code = "last_admin"

    def __init__(self) -> None:
        super().__init__("This is the project's only admin. Make somebody else admin first.")


@transaction.atomic
def create_project(
    *,
    slug: str,
    name: str,
    by: User,
    at: datetime,
    description: str = "",
    goals: str = "",
    limits: dict[str, Any] | None = None,
) -> Project:
    """A new project whose first admin is its maker. Only staff may make projects."""
    if not by.is_staff:
        raise NotAllowed("Only staff may create projects. Ask whoever runs this installation.")
    if not slug or slug != slugify(slug) or len(slug) > 50:
        raise BadInput("The slug takes lower-case letters, digits and hyphens, at most 50.", field="slug")
    if not name.strip():
        raise BadInput("Give the project a name.", field="name")
    try:
        with transaction.atomic():
            project = Project.objects.create(
                slug=slug,
                name=name.strip()[:120],
                description=description,
                goals=goals,
                limits=limits or {},
                created_at=at,
            )
    except IntegrityError as error:
        raise BadInput(
            f"There is already a project at {slug!r}. Choose another slug.", field="slug"
        ) from error
    Membership.objects.create(project=project, person=by, role=Role.ADMIN, created_at=at)
    record_event(kind="project.created", row=project, at=at, actor=by, project_id=project.pk, slug=slug)
    return project


@transaction.atomic
def set_member(*, project: Project, person: User, role: str, by: User, at: datetime) -> Membership:
    """Give the person this role in the project, whatever they had before."""
    if role not in Role.values:
        raise BadInput(f"The role is {role!r}; choose one of {', '.join(Role.values)}.", field="role")
    require(person=by, project=project, action="manage_members")
    if role != Role.ADMIN:
        _keep_an_admin(project=project, person=person)
    membership, _ = Membership.objects.update_or_create(
        project=project,
        person=person,
        defaults={"role": role},
        create_defaults={"role": role, "created_at": at},
    )
    record_event(kind="membership.set", row=membership, at=at, actor=by, person=person.pk, role=role)
    return membership


@transaction.atomic
def invite_member(
    *, project: Project, username: str, email: str, role: str, by: User, at: datetime
) -> tuple[Membership, str | None]:
    """Give a person this role, making them when nobody knows them: then their link to set a password comes back.

    Somebody known is found by username, or by the e-mail address where one is given.
    """
    require(person=by, project=project, action="manage_members")
    found = Q(email__iexact=email) if email else Q(username__iexact=username)
    person = User.objects.filter(found).first()
    if person is None and not email:
        raise BadInput(
            f"Nobody is called {username!r}. Give their e-mail address to invite them.", field="email"
        )
    link = None
    if person is None:
        person = invite_person(username=username, email=email, by=by, at=at)
        link = password_link(person)
    return set_member(project=project, person=person, role=role, by=by, at=at), link


@transaction.atomic
def remove_member(*, project: Project, person: User, by: User, at: datetime) -> None:
    """Take the person out of the project and its groups; what they did stays."""
    require(person=by, project=project, action="manage_members")
    _keep_an_admin(project=project, person=person)
    membership = Membership.objects.filter(project=project, person=person).first()
    if membership is None:
        raise BadInput("This person is not a member of the project.", field="person")
    record_event(kind="membership.removed", row=membership, at=at, actor=by, person=person.pk)
    membership.delete()
    groups = Group.people.through.objects.filter(user=person, group__project=project)
    groups.filter(group__person=None).delete()


def _keep_an_admin(*, project: Project, person: User) -> None:
    admins = list(
        Membership.objects.select_for_update()
        .filter(project=project, role=Role.ADMIN)
        .values_list("person_id", flat=True)
    )
    if admins == [person.pk]:
        raise LastAdmin


class ProtocolMoved(DomainError):
    """What becomes of old answers was said about a version that is not in force any more."""

    code = "protocol_moved"

    def __init__(self, newest: Protocol) -> None:
        super().__init__(
            f"Version {newest.version} was put in force meanwhile. Nothing was saved: look at what it changed, "
            "and say anew what becomes of old answers.",
            field="mapping.from",
        )


@transaction.atomic
def add_protocol(
    *, project: Project, body: Any, by: User, at: datetime, mapping: dict[str, Any] | None = None
) -> Protocol:
    """The next version of the project's protocol, and in force from now on; the same content adds nothing.

    `mapping` says what becomes of the answers to the version in force (`domain/mapping.py`). Where it is silent,
    questions and options of the same name stay, and all else is left behind.
    """
    require(person=by, project=project, action="edit_protocol")
    checked = check_protocol(body)
    digest = protocol_digest(checked)
    Project.objects.select_for_update().get(pk=project.pk)
    newest = project.protocols.first()
    if newest and newest.digest == digest:
        return newest
    carried = _mapping(newest, checked, {} if mapping is None else mapping)
    version = newest.version + 1 if newest else 1
    protocol = Protocol.objects.create(
        project=project,
        version=version,
        body=checked,
        digest=digest,
        mapping=carried,
        created_by=by,
        created_at=at,
    )
    Project.objects.filter(pk=project.pk).update(protocol=protocol)
    project.protocol = protocol
    record_event(
        kind="protocol.added", row=protocol, at=at, actor=by, version=version, digest=digest, mapping=carried
    )
    return protocol


def _mapping(newest: Protocol | None, body: dict[str, Any], given: Any) -> dict[str, Any] | None:
    """The whole mapping from the newest version; raises where it was said about another, or does not fit."""
    if newest is None:
        if given:
            raise BadInput("There is no version yet whose answers could be mapped.", field="mapping")
        return None
    if isinstance(given, dict) and given.get("from", newest.version) != newest.version:
        raise ProtocolMoved(newest)
    return {"from": newest.version, **check_mapping(given, newest.body, body)}
