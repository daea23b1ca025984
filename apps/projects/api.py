"""Operations on projects, their members and protocols; and the membership check of every other operation."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from apps.accounts.models import User
from apps.core.api import ApiView, Keyset, operation
from apps.core.compiled import CompiledQuery, Given
from apps.core.errors import NotFound
from apps.core.models import Run
from apps.projects.models import Group, Membership, Project, Protocol, Role
from apps.projects.permissions import Member, membership
from apps.projects.queries import groups_of
from apps.projects.runs import cancel, retry
from apps.projects.serializers import (
    AddMember,
    CreateProject,
    GroupIn,
    GroupOut,
    MemberAdded,
    MemberOut,
    ProjectOut,
    ProtocolOut,
)
from apps.projects.services import add_protocol, create_project, invite_member, remove_member
from apps.projects.services.groups import change_group, dissolve_group, make_group


class MemberView(ApiView):
    """Whatever happens in a project: `may` names, by method, what the caller must be allowed to do there."""

    may: ClassVar[dict[str, str]]
    member: Member

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        assert isinstance(request.user, User)
        self.member = self.find_member(request.user)
        self.member.require(self.may.get(request.method or "", "view"))

    def find_member(self, person: User) -> Member:
        raise NotImplementedError

    @property
    def project(self) -> Project:
        return self.member.project

    @property
    def person(self) -> User:
        return self.member.person


class ProjectView(MemberView):
    """An operation under `projects/{slug}/`."""

    def find_member(self, person: User) -> Member:
        return membership(person=person, slug=self.kwargs["slug"])


class RowView(MemberView):
    """An operation on one row, addressed by its number alone: strangers to its project do not learn that it exists.

    `rows` is its model and `through` the way from a project to it.
    """

    rows: ClassVar[type[Model]]
    through: ClassVar[str]

    def find_member(self, person: User) -> Member:
        found = _membership_by(self.through).first(person=person.pk, id=self.kwargs["id"])
        if found is None:
            raise NotFound(
                f"There is no {self.rows._meta.verbose_name} {self.kwargs['id']} that you can see."
            )
        return Member(person, found.project, Role(found.role))

    def get_queryset(self) -> QuerySet[Any]:
        return self.rows._default_manager.all()

    @property
    def row(self) -> Any:
        return self.get_queryset().get(pk=self.kwargs["id"])


@cache
def _membership_by(through: str) -> CompiledQuery[Membership]:
    return CompiledQuery(
        lambda: Membership.objects.select_related("project").filter(
            **{"person": Given("person"), f"project__{through}": Given("id")}
        )[:1]
    )


def run_views(
    rows: type[Run], *, through: str, gives: type[BaseSerializer[Any]], select: tuple[str, ...]
) -> tuple[type[RowView], type[RowView], type[RowView]]:
    """For one kind of run: its row, the operation that cancels it, and the one that queues it again."""

    class Detail(RowView):
        may = {"GET": "view"}

        def get_queryset(self) -> QuerySet[Any]:
            return rows._default_manager.select_related("created_by", *select)

        @operation(gives=gives)
        def get(self) -> Any:
            return self.row

    Detail.rows, Detail.through = rows, through
    return Detail, _run_verb(Detail, cancel, gives), _run_verb(Detail, retry, gives)


def _run_verb(
    detail: type[RowView], act: Callable[..., None], gives: type[BaseSerializer[Any]]
) -> type[RowView]:
    """The operation that does `act` to a run, described by its docstring."""

    class Verb(detail):  # type: ignore[valid-type, misc]  # a class made for its kind of run
        __doc__ = act.__doc__
        may: ClassVar[dict[str, str]] = {"POST": "run_jobs"}
        http_method_names: ClassVar[list[str]] = ["post", "options"]

        @operation(gives=gives, status=202)
        def post(self) -> Any:
            act(run=self.row, by=self.person, at=timezone.now())
            return self.row

    return Verb


class Projects(ApiView):
    """The projects you are a member of; staff make new ones."""

    pagination_class = Keyset

    @operation(gives=ProjectOut, many=True)
    def get(self) -> Any:
        return Project.objects.select_related("protocol").filter(memberships__person_id=self.request.user.pk)

    @operation(takes=CreateProject, gives=ProjectOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        assert isinstance(self.request.user, User)
        return create_project(by=self.request.user, at=timezone.now(), **values)


class ProjectDetail(ProjectView):
    may = {"GET": "view"}

    @operation(gives=ProjectOut)
    def get(self) -> Any:
        return Project.objects.select_related("protocol").get(pk=self.project.pk)


class Members(ProjectView):
    may = {"GET": "view_people", "POST": "manage_members"}
    pagination_class = Keyset

    @operation(gives=MemberOut, many=True)
    def get(self) -> Any:
        return Membership.objects.select_related("person").filter(project=self.project)

    @operation(takes=AddMember, gives=MemberAdded, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        member, link = invite_member(project=self.project, by=self.person, at=timezone.now(), **values)
        path = self.request.build_absolute_uri(link) if link else None
        return {"member": member, "password_link": path}


class MemberDetail(ProjectView):
    may = {"DELETE": "manage_members"}

    @operation(status=204)
    def delete(self) -> Any:
        person = User.objects.filter(
            username=self.kwargs["username"], memberships__project=self.project
        ).first()
        if person is None:
            raise NotFound("There is no such member in this project.")
        remove_member(project=self.project, person=person, by=self.person, at=timezone.now())


class Groups(ProjectView):
    """Groups of members, for whom tasks can be reserved."""

    may = {"GET": "view_people", "POST": "manage_groups"}

    @operation(gives=GroupOut, many=True)
    def get(self) -> Any:
        return groups_of(project=self.project)

    @operation(takes=GroupIn, gives=GroupOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return make_group(project=self.project, by=self.person, at=timezone.now(), **values)


class GroupDetail(RowView):
    """One group. PUT gives it a name and its people, whatever it had before; DELETE dissolves it."""

    may = {"PUT": "manage_groups", "DELETE": "manage_groups"}
    rows, through = Group, "groups"

    def get_queryset(self) -> QuerySet[Any]:
        return groups_of(project=self.project)

    @operation(takes=GroupIn, gives=GroupOut)
    def put(self, values: dict[str, Any]) -> Any:
        return change_group(group=self.row, by=self.person, at=timezone.now(), **values)

    @operation(status=204)
    def delete(self) -> Any:
        dissolve_group(group=self.row, by=self.person, at=timezone.now())


class Protocols(ProjectView):
    """Every version, newest first; the newest is in force. Posting adds the next.

    Beside the protocol's own, the body takes `mapping`: what becomes of the answers to the version in force.
    Where it is silent, questions and options of the same name stay, and all else is left behind.
    """

    may = {"GET": "view", "POST": "edit_protocol"}
    pagination_class = Keyset

    @operation(gives=ProtocolOut, many=True)
    def get(self) -> Any:
        return Protocol.objects.select_related("created_by").filter(project=self.project)

    @operation(takes=OpenApiTypes.OBJECT, gives=ProtocolOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        values, mapping = {**values}, values.get("mapping")
        values.pop("mapping", None)
        return add_protocol(
            project=self.project, body=values, mapping=mapping, by=self.person, at=timezone.now()
        )
