"""A person's projects, each with where its loop stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import User
from apps.projects.models import Membership, Role
from apps.projects.permissions import Member
from apps.rounds.actions import Action, next_action
from apps.rounds.queries import Standing, standing_of_each


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
    memberships = Membership.objects.select_related("project__protocol").filter(person=person)
    rows = list(memberships.order_by("project__name"))
    standings = standing_of_each(projects=[row.project for row in rows], at=at)
    found = []
    for row in rows:
        member, stands = Member(person, row.project, Role(row.role)), standings[row.project_id]
        found.append(Mine(member, stands, next_action(standing=stands, project=row.project)))
    return sorted(found, key=lambda one: not one.yours)
