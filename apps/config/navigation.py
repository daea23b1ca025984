"""The five places, their tabs, and the rest of the menu, filtered by what the reader may do."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.mail import sends_mail
from apps.accounts.models import User
from apps.accounts.queries import unread_count
from apps.config.demo.project import PASSWORD, PEOPLE
from apps.projects.models import Membership
from apps.projects.permissions import Member

Entry = tuple[str, str, str]  # label, view name, the action it needs

PLACES: dict[str, tuple[str, str, list[Entry]]] = {
    "round": ("Round", "refresh-cw", [("Board", "rounds:board", "view")]),
    "desk": (
        "Desk",
        "pen-line",
        [("Desk", "annotation:desk", "annotate"), ("Adjudication", "annotation:adjudication", "adjudicate")],
    ),
    "data": (
        "Data",
        "database",
        [
            ("Browse", "explore:data", "view"),
            ("Mining", "mining:runs", "view"),
            ("Imports", "exchange:imports", "import"),
            ("Exports", "exchange:exports", "export"),
        ],
    ),
    "teaching": (
        "Teaching",
        "graduation-cap",
        [
            ("Proposals", "curricula:proposals", "view"),
            ("Datasets", "datasets:datasets", "view"),
            ("Runs", "training:runs", "view"),
            ("Models", "training:models", "view"),
            ("Benchmarks", "training:benchmarks", "view"),
        ],
    ),
    "people": (
        "People",
        "users",
        [
            ("My work", "annotation:my_work", "annotate"),
            ("Members", "projects:members", "view_people"),
            ("Calibration", "calibration:calibration", "calibrate"),
            ("Gold", "calibration:gold", "manage_gold"),
        ],
    ),
}
MORE: list[tuple[str, str, str, str]] = [
    ("Jobs and health", "explore:jobs", "view", "activity"),
    ("Webhooks", "exchange:webhooks", "manage_webhooks", "route"),
    ("Settings", "projects:protocol", "view", "settings"),
    ("Audit", "explore:audit", "audit", "shield-check"),
]
ACTIONS: list[Entry] = [
    ("Answer tasks", "annotation:desk", "annotate"),
    ("Label many at once", "annotation:bulk", "annotate"),
    ("Settle disputes", "annotation:adjudication", "adjudicate"),
    ("Start mining", "mining:runs", "mine"),
    ("Pause, resume or withdraw a queue", "mining:runs", "run_queue"),
    ("Reserve tasks, or put them first", "mining:runs", "run_queue"),
    ("Make or change a group", "projects:members", "manage_groups"),
    ("Import examples", "exchange:imports", "import"),
    ("Export data", "exchange:exports", "export"),
    ("Cut a dataset version", "datasets:datasets", "snapshot"),
    ("Propose a curriculum", "curricula:proposals", "propose"),
    ("Approve or send back a proposal", "curricula:proposals", "approve"),
    ("Choose a recipe", "training:runs", "train"),
    ("Freeze a benchmark", "training:benchmarks", "train"),
    ("Roll back the model in production", "training:models", "promote"),
    ("Add or retire gold", "calibration:gold", "manage_gold"),
    ("Edit the protocol", "projects:edit_protocol", "edit_protocol"),
    ("Add or remove members", "projects:members", "manage_members"),
    ("Add a webhook, or send dead letters again", "exchange:webhooks", "manage_webhooks"),
    ("Cancel or retry a job", "explore:jobs", "run_jobs"),
    ("Verify the audit chain", "explore:audit", "audit"),
]
"""What the command palette offers to do, and on which page it is done."""
YOURS: list[tuple[str, str, str]] = [
    ("Notifications", "accounts:notifications", "bell"),
    ("How you are told", "accounts:notification_settings", "mail"),
    ("Keys", "accounts:keys", "keyboard"),
    ("Change password", "account_change_password", "key-round"),
    ("API tokens", "accounts:tokens", "command"),
    ("E-mail addresses", "account_email", "message-square"),
]
"""A person's own pages: the menu under their name."""
BELONGS = {
    "rounds": "round",
    "explore:data": "data",
    "explore:example": "data",
    "explore:lineage": "data",
    "exchange": "data",
    "exchange:change_webhook": "",
    "exchange:make_webhook": "",
    "exchange:rotate_webhook": "",
    "exchange:webhook": "",
    "exchange:webhooks": "",
    "mining": "data",
    "datasets": "teaching",
    "curricula": "teaching",
    "training": "teaching",
    "annotation:my_work": "people",
    "annotation": "desk",
    "comments": "data",
    "projects": "people",
    "annotation:save_protocol": "",
    "projects:edit_protocol": "",
    "projects:protocol": "",
    "projects:protocol_version": "",
    "calibration": "people",
}
STANDS_UNDER = {"calibration:mine": "annotation:my_work"}  # where the address does not tell


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context for every page: `project`, `role`, `place`, `nav`, `tabs`, `more_nav`, `my_projects`, `unread`,
    `keymap`, `yours`, `mail`.

    Menus are functions, which templates call: a partial that shows none of them pays for none.
    """
    member: Member | None = getattr(request, "member", None)
    context = {
        "my_projects": partial(_my_projects, request, member),
        "unread": partial(_unread, request),
        "keymap": partial(_keymap, request),
        "yours": yours,
        "mail": sends_mail(),
    }
    if member is None:
        return {
            **context,
            "project": None,
            "role": None,
            "demo_signins": demo_signins() if settings.DEMO else [],
        }
    view = request.resolver_match.view_name if request.resolver_match else ""
    place = BELONGS[view] if view in BELONGS else BELONGS.get(view.partition(":")[0], "")
    here = _url(STANDS_UNDER[view], member) if view in STANDS_UNDER else request.path
    return {
        **context,
        "project": member.project,
        "member": member,
        "role": member.role.value,
        "place": place,
        "nav": partial(_places, member, place),
        "tabs": partial(_tabs, PLACES[place][2] if place else [], member, here),
        "more_nav": partial(_more, member, here),
    }


def _unread(request: HttpRequest) -> int:
    return unread_count(person=request.user) if isinstance(request.user, User) else 0


def _keymap(request: HttpRequest) -> str:
    """The keys this person has changed, as JSON for <html data-keymap>."""
    user = getattr(request, "user", None)  # what answers a fault may stand before anybody is known
    keys = user.keys if isinstance(user, User) else {}
    return json.dumps(keys) if keys else ""


def yours() -> list[dict[str, str]]:
    """A person's own pages; those about mail where mails are sent."""
    return [
        {"label": label, "url": reverse(view), "icon": icon}
        for label, view, icon in YOURS
        if view != "account_email" or sends_mail()
    ]


def _my_projects(request: HttpRequest, member: Member | None) -> list[dict[str, Any]]:
    if not request.user.is_authenticated:
        return []
    rows = Membership.objects.filter(person_id=request.user.pk).order_by("project__name")
    return [
        {"name": name, "url": reverse("rounds:board", kwargs={"slug": slug}), "current": current}
        for name, slug in rows.values_list("project__name", "project__slug")
        for current in [member is not None and member.project.slug == slug]
    ]


def _more(member: Member, here: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": url, "icon": icon, "current": here.startswith(url)}
        for label, name, action, icon in MORE
        if member.may(action)
        for url in [_url(name, member)]
    ]


def _url(name: str, member: Member) -> str:
    return reverse(name, kwargs={"slug": member.project.slug})


def _places(member: Member, place: str) -> list[dict[str, Any]]:
    entries = [_place(name, member, current=name == place) for name in PLACES]
    return [entry for entry in entries if entry["url"]]


def _place(name: str, member: Member, *, current: bool) -> dict[str, Any]:
    label, icon, entries = PLACES[name]
    url = next((_url(view, member) for _, view, action in entries if member.may(action)), "")
    return {"label": label, "icon": icon, "url": url, "current": current}


def _tabs(entries: list[Entry], member: Member, here: str) -> list[dict[str, Any]]:
    """A page stands under the tab whose address its own begins with; so does a form that was refused."""
    return [
        {"label": label, "url": url, "current": here.startswith(url)}
        for label, name, action in entries
        if member.may(action)
        for url in [_url(name, member)]
    ]


def demo_signins() -> list[dict[str, str]]:
    return [
        {"name": name.title(), "username": name, "role": role, "password": PASSWORD}
        for name, role in PEOPLE.items()
    ]
