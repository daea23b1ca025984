"""Projects made, and who may do what in them."""

from __future__ import annotations

import pytest

from apps.core.errors import BadInput, NotAllowed, NotFound
from apps.core.models import Event
from apps.projects.models import Membership, Project, Role
from apps.projects.permissions import MAY, membership, require
from apps.projects.services import LastAdmin, create_project, invite_member, remove_member, set_member

pytestmark = pytest.mark.django_db

LEAD_ONLY = {"run_queue", "mine", "snapshot", "propose", "approve", "train", "promote", "reflect"}
ADMIN_ONLY = {"manage_members", "audit", "calibrate"}


def role(house, name):
    found = Membership.objects.filter(project=house.project, person=house.people[name])
    return found.values_list("role", flat=True).first()


def test_the_roles_are_told_apart_as_the_guide_says():
    for action, roles in MAY.items():
        assert (action in LEAD_ONLY) == (roles == {Role.LEAD})
        assert (action in ADMIN_ONLY) == (roles == {Role.ADMIN})
    experts = {action for action, roles in MAY.items() if Role.EXPERT in roles}
    assert experts == {"view", "annotate", "comment"}
    assert Role.ADMIN not in MAY["annotate"]


@pytest.mark.parametrize("action", sorted(MAY))
def test_services_ask_the_table(house, action):
    for name, its in (("erin", Role.EXPERT), ("lena", Role.LEAD), ("ada", Role.ADMIN)):
        if its in MAY[action]:
            assert require(person=house.people[name], project=house.project, action=action).role == its
        else:
            mend = "under Members" if its == Role.ADMIN else "Ask a project admin"
            with pytest.raises(NotAllowed, match=mend):
                require(person=house.people[name], project=house.project, action=action)


def test_strangers_cannot_tell_a_project_from_none(house):
    with pytest.raises(NotFound) as known:
        membership(person=house.sam, slug="digits")
    with pytest.raises(NotFound) as unknown:
        membership(person=house.sam, slug="nothing-here")
    assert known.value.message == unknown.value.message
    with pytest.raises(NotFound):
        require(person=house.sam, project=house.project, action="view")


def test_only_staff_make_projects_and_become_their_admin(house, at):
    with pytest.raises(NotAllowed):
        create_project(slug="mine", name="Mine", by=house.lena, at=at)
    project = create_project(slug="mine", name=" Mine ", by=house.ada, at=at)
    assert project.name == "Mine"
    assert membership(person=house.ada, slug="mine").role == Role.ADMIN


@pytest.mark.parametrize("slug", ["", "Big", "two words", "x" * 51, "über", "digits"])
def test_a_bad_or_taken_slug_is_refused_and_makes_nothing(house, at, slug):
    with pytest.raises(BadInput) as refused:
        create_project(slug=slug, name="Other", by=house.ada, at=at)
    assert refused.value.detail["field"] == "slug"
    assert Project.objects.count() == 1


def test_a_project_needs_a_name(house, at):
    with pytest.raises(BadInput, match="name"):
        create_project(slug="other", name="  ", by=house.ada, at=at)


def test_a_role_is_changed_in_place_with_its_event(house, at):
    set_member(project=house.project, person=house.erin, role="lead", by=house.ada, at=at)
    assert role(house, "erin") == "lead"
    assert Membership.objects.filter(person=house.erin).count() == 1
    assert Event.objects.filter(kind="membership.set").last().data == {
        "person": house.erin.pk,
        "role": "lead",
    }


def test_an_unknown_role_is_refused(house, at):
    with pytest.raises(BadInput, match="choose one of expert, lead, admin"):
        set_member(project=house.project, person=house.erin, role="owner", by=house.ada, at=at)


def test_the_last_admin_cannot_step_down_or_leave(house, at):
    with pytest.raises(LastAdmin):
        set_member(project=house.project, person=house.ada, role="lead", by=house.ada, at=at)
    with pytest.raises(LastAdmin):
        remove_member(project=house.project, person=house.ada, by=house.ada, at=at)
    assert role(house, "ada") == "admin"


def test_an_admin_may_leave_once_there_is_another(house, at):
    set_member(project=house.project, person=house.lena, role="admin", by=house.ada, at=at)
    remove_member(project=house.project, person=house.ada, by=house.lena, at=at)
    assert role(house, "ada") is None
    with pytest.raises(LastAdmin):
        remove_member(project=house.project, person=house.lena, by=house.lena, at=at)


def test_leads_do_not_manage_members(house, at):
    for act in (
        lambda: set_member(project=house.project, person=house.sam, role="expert", by=house.lena, at=at),
        lambda: remove_member(project=house.project, person=house.erin, by=house.lena, at=at),
        lambda: invite_member(
            project=house.project, username="sam", email="", role="expert", by=house.lena, at=at
        ),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert (role(house, "sam"), role(house, "erin")) == (None, "expert")


def test_who_is_not_a_member_cannot_be_removed(house, at):
    with pytest.raises(BadInput, match="not a member"):
        remove_member(project=house.project, person=house.sam, by=house.ada, at=at)


def test_somebody_known_joins_without_a_link_and_a_newcomer_with_one(house, at):
    known, link = invite_member(
        project=house.project, username="sam", email="", role="expert", by=house.ada, at=at
    )
    assert (known.person, link) == (house.sam, None)
    new, link = invite_member(
        project=house.project, username="nora", email="nora@example.org", role="lead", by=house.ada, at=at
    )
    assert (new.person.username, new.role) == ("nora", "lead")
    assert link.startswith("/accounts/")


def test_an_unknown_name_without_an_address_is_told_to_give_one(house, at):
    with pytest.raises(BadInput, match="e-mail"):
        invite_member(project=house.project, username="nobody", email="", role="lead", by=house.ada, at=at)
