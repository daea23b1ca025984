"""People told that there is something for them; what they have read; how they want to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import FilteredRelation, Q, QuerySet
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.domain import KINDS, MAILS, next_digest
from apps.accounts.mail import sends_mail
from apps.accounts.models import Notification, NotificationChoice, User
from apps.accounts.queries import Choice, choices_of
from apps.core.errors import BadInput, NotFound

# made new, an unread one keeps the mail it has had: one mail tells of it until it is read
TELL = """
WITH told AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('accounts_notification', 'id')) AS number, person_id, shown, mail_after
    FROM unnest(%s::bigint[], %s::boolean[], %s::timestamptz[]) AS told (person_id, shown, mail_after)
)
INSERT INTO accounts_notification AS kept
    (id, number, person_id, shown, mail_after, project_id, kind, about, title, url, created_at, mail_tries)
SELECT number, number, person_id, shown, mail_after, %s, %s, %s, %s, %s, %s, 0 FROM told
ON CONFLICT (person_id, kind, about) WHERE read_at IS NULL DO UPDATE SET
    number = EXCLUDED.number, title = EXCLUDED.title, url = EXCLUDED.url, created_at = EXCLUDED.created_at,
    shown = EXCLUDED.shown, mailed_at = CASE WHEN kept.shown THEN kept.mailed_at END,
    mail_after = CASE WHEN kept.shown THEN coalesce(kept.mail_after, EXCLUDED.mail_after) ELSE EXCLUDED.mail_after END
"""


@transaction.atomic
def notify(
    *,
    people: Iterable[int],
    kind: str,
    project_id: int | None,
    about: str,
    title: str,
    url: str,
    at: datetime,
) -> None:
    """Tell these people (by id) that there is something for them, each in the way they have chosen.

    Call it in the transaction that makes it so. `about` names the object (`proposal:7`): while a notification of
    this kind about it is unread, it is made new. `title` is a sentence, `url` a path of ours.
    """
    if kind not in KINDS or not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        raise ValueError(f"No notification of the kind {kind!r} can lead to {url!r}.")
    told = [one for one in _ways(people, kind, at=at) if one[1] or one[2]]
    if told:
        columns = [list(column) for column in zip(*told, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(TELL, [*columns, project_id, kind, about, title[:300], url, at])


def _ways(people: Iterable[int], kind: str, *, at: datetime) -> list[tuple[int, bool, datetime | None]]:
    """Of everybody who can sign in: whether it is shown to them, and when it may be mailed."""
    # in one order, so that two who tell the same people wait for each other instead of both failing
    rows = (
        User.objects.filter(pk__in=set(people), is_active=True)
        .annotate(
            choice=FilteredRelation("notification_choices", condition=Q(notification_choices__kind=kind))
        )
        .order_by("pk")
        .values_list("pk", "choice__in_app", "choice__mail")
    )
    return [
        (pk, in_app is not False, _mail_after(mail or KINDS[kind].mail, at=at)) for pk, in_app, mail in rows
    ]


def _mail_after(mail: str, *, at: datetime) -> datetime | None:
    if mail == "never" or not sends_mail():
        return None
    return at if mail == "now" else next_digest(at, zone=timezone.get_default_timezone())


@transaction.atomic
def withdraw_notices(*, kind: str, about: str, at: datetime) -> None:
    """What they told of is no longer for anybody: somebody else was quicker. They count as read."""
    _lock_unread(kind=kind, about=about).update(read_at=at)


@transaction.atomic
def reword_notices(*, kind: str, about: str, title: str) -> None:
    """Say how it stands now, to those who have not read it yet; to all others it is no news."""
    _lock_unread(kind=kind, about=about).update(title=title[:300])


def _lock_unread(*, kind: str, about: str) -> QuerySet[Notification]:
    unread = Notification.objects.filter(kind=kind, about=about, read_at=None)
    rows = (
        unread.select_for_update().order_by("person").values_list("pk", flat=True)
    )  # in the order of `_ways`
    return Notification.objects.filter(pk__in=list(rows))


@transaction.atomic
def read_notification(*, person: User, notification_id: int, at: datetime) -> Notification:
    """Mark one's own notification as read; read already, it stays as it was."""
    rows = Notification.objects.select_for_update().filter(person=person, shown=True)
    row = rows.filter(pk=notification_id).first()
    if row is None:
        raise NotFound("You have no such notification.")
    if row.read_at is None:
        Notification.objects.filter(pk=row.pk).update(read_at=at)
        row.read_at = at
    return row


@transaction.atomic
def read_all_notifications(*, person: User, at: datetime, until: int | None = None) -> int:
    """Mark all of one's notifications as read, up to the number `until` where it is given; how many there were."""
    unread = Notification.objects.filter(person=person, shown=True, read_at=None)
    if until is not None:
        unread = unread.filter(number__lte=until)
    return unread.update(read_at=at)


@transaction.atomic
def choose_notifications(*, person: User, choices: Mapping[str, Choice], at: datetime) -> dict[str, Choice]:
    """Say how one wants to be told of these kinds; what waits to be mailed follows. All the choices there are now."""
    for kind, choice in choices.items():
        if kind not in KINDS or choice.mail not in MAILS:
            wrong, known = (kind, KINDS) if kind not in KINDS else (choice.mail, MAILS)
            raise BadInput(f"There is no {wrong[:40]!r}; choose one of {', '.join(known)}.", field=kind[:40])
        waiting = Notification.objects.filter(person=person, kind=kind, mailed_at=None, read_at=None)
        waiting.filter(mail_after__isnull=False).update(mail_after=_mail_after(choice.mail, at=at))
    NotificationChoice.objects.bulk_create(
        [NotificationChoice(person=person, kind=kind, **vars(choice)) for kind, choice in choices.items()],
        update_conflicts=True,
        unique_fields=["person", "kind"],
        update_fields=["in_app", "mail"],
    )
    return choices_of(person=person)
