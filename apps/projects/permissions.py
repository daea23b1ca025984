"""What each role may do. One table; services ask it, views and API operations go through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from apps.accounts.models import User
from apps.accounts.signin import signed_in
from apps.core.compiled import CompiledQuery, Given
from apps.core.errors import NotAllowed, NotFound
from apps.projects.models import Membership, Project, Role

EVERYBODY = frozenset({Role.EXPERT, Role.LEAD, Role.ADMIN})
LEADS = frozenset({Role.LEAD, Role.ADMIN})

MAY: dict[str, frozenset[Role]] = {
    "view": EVERYBODY,
    "annotate": frozenset({Role.EXPERT, Role.LEAD}),
    "comment": EVERYBODY,
    "adjudicate": LEADS,
    "import": LEADS,
    "export": LEADS,
    "read_rows": LEADS,  # of dataset versions, of which gold can be read
    "mine": frozenset({Role.LEAD}),
    "run_queue": frozenset({Role.LEAD}),
    "snapshot": frozenset({Role.LEAD}),
    "propose": frozenset({Role.LEAD}),
    "approve": frozenset({Role.LEAD}),
    "train": frozenset({Role.LEAD}),
    "promote": frozenset({Role.LEAD}),
    "reflect": frozenset({Role.LEAD}),
    "edit_protocol": LEADS,
    "manage_gold": LEADS,
    "run_jobs": LEADS,
    "manage_webhooks": LEADS,
    "view_people": LEADS,
    "manage_groups": LEADS,
    "manage_members": frozenset({Role.ADMIN}),
    "audit": frozenset({Role.ADMIN}),
    "calibrate": frozenset({Role.ADMIN}),
}

WORDS = {Role.EXPERT: "an expert", Role.LEAD: "a lead", Role.ADMIN: "an admin"}


@dataclass(frozen=True)
class Member:
    """Who asks, in which project, as what."""

    person: User
    project: Project
    role: Role

    def may(self, action: str) -> bool:
        return self.role in MAY[action]

    def require(self, action: str) -> None:
        if not self.may(action):
            needed = " or ".join(WORDS[role] for role in Role if role in MAY[action])
            mend = "Ask a project admin for the role."
            if self.role == Role.ADMIN:
                mend = "You can give yourself the role under Members, while another admin remains."
            raise NotAllowed(f"You are {WORDS[self.role]} here; this needs {needed}. {mend}", action=action)


MEMBERSHIP = CompiledQuery(
    lambda: Membership.objects.select_related("project").filter(
        person=Given("person"), project__slug=Given("slug")
    )
)


def membership(*, person: User, slug: str) -> Member:
    """The person's place in the project; raises `NotFound` for strangers, so that nothing is given away."""
    found = MEMBERSHIP.first(person=person.pk, slug=slug)
    if found is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    return Member(person, found.project, Role(found.role))


def require(*, person: User, project: Project, action: str) -> Member:
    """Services' own check: the person's membership, or `NotFound`/`NotAllowed`."""
    role = (
        Membership.objects.filter(person_id=person.pk, project=project).values_list("role", flat=True).first()
    )
    if role is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    member = Member(person, project, Role(role))
    member.require(action)
    return member


def member_view(action: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Wraps `view(request, member, …)`: signed in, a member of the project in the URL, allowed to do `action`."""

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @signed_in
        @wraps(view)
        def inner(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
            assert isinstance(request.user, User)
            member = membership(person=request.user, slug=slug)
            request.member = member  # type: ignore[attr-defined]  # navigation reads it
            member.require(action)
            return view(request, member, *args, **kwargs)

        return inner

    return wrap
