"""A person's projects, each with where its loop stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import User
from apps.projects.models import Membership, Role
from apps.projects.permissions import Member
from apps.rounds.actions import Action, next_action
from apps.rounds.queries import Standing, standing


@dataclass(frozen=True)
class Mine:
    member: Member
    standing: Standing
    action: Action

    @property
    def yours(self) -> bool:
        """Whether this person is one of those who must act."""
        return self.action.kind != "follow" and self.member.may(self.action.needs)


def projects_of(*, person: User, at: datetime) -> list[Mine]:
    """By name; what waits for this person first."""
    rows = Membership.objects.select_related("project__protocol").filter(person=person)
    found = []
    for row in rows.order_by("project__name"):
        member = Member(person, row.project, Role(row.role))
        stands = standing(project=row.project, at=at)
        found.append(Mine(member, stands, next_action(standing=stands, project=row.project)))
    return sorted(found, key=lambda one: not one.yours)
