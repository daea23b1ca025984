"""Who may see which comment: what peers say of an example is hidden from whoever may still be asked about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models import User
from apps.annotation.models import CLOSED, HOLDING, UNFINISHED, Assignment, Task, TaskState
from apps.comments.models import Comment
from apps.examples.models import Example
from apps.projects.models import Membership, Project
from apps.projects.permissions import MAY, Member
from apps.projects.queries import members_of

DONE = (*CLOSED, TaskState.WITHDRAWN)


@dataclass(frozen=True)
class Said:
    """One comment as a reader sees it. `who` is no name while it must not be told."""

    comment: Comment
    who: str
    author: User | None
    mine: bool
    answers: list[Said] = field(default_factory=list)


@dataclass(frozen=True)
class Talk:
    """What was said about an example, as far as the reader may see it, and whom they may mention."""

    example: Example
    threads: list[Said]
    blind: bool
    people: list[Membership]

    @property
    def count(self) -> int:
        return sum(1 + len(thread.answers) for thread in self.threads)


def talk_of(*, member: Member, example: Example) -> Talk:
    blind = is_blind(member=member, example=example)
    return Talk(
        example=example,
        threads=_threads(member, example),
        blind=blind,
        people=mentionable(member=member, example=example),
    )


def comments_as_seen(*, member: Member, example: Example) -> list[Said]:
    """Every comment that this person may see, oldest first."""
    threads = _threads(member, example)
    return sorted(
        (one for thread in threads for one in (thread, *thread.answers)), key=lambda one: one.comment.pk
    )


def is_blind(*, member: Member, example: Example) -> bool:
    """Whether this person may still be asked about the example: then what peers say is not for them yet.

    Gold stays open for ever, so that for experts it is like any task that is not decided; leads know what is gold.
    """
    tasks = Task.objects.filter(example=example)
    if not member.may("adjudicate"):
        return tasks.exclude(state__in=DONE).exists()
    mine = Assignment.objects.filter(task=OuterRef("pk"), person=member.person, state__in=HOLDING)
    open_now = Q(state=TaskState.OPEN) if member.may("annotate") else Q(pk__in=[])
    return tasks.exclude(reason=Task.Reason.GOLD).filter(open_now | Exists(mine)).exists()


def is_undecided(*, example: Example) -> bool:
    """Whether anybody may still be asked about the example."""
    return Task.objects.filter(example=example).exclude(state__in=DONE).exists()


def annotators_of(*, example: Example) -> set[int]:
    """Who was asked about the example in a task that has no verdict yet: peers of each other, leads too."""
    claims = Assignment.objects.filter(
        task__example=example, task__state__in=UNFINISHED, kind=Assignment.Kind.ANNOTATE
    )
    return set(claims.exclude(task__reason=Task.Reason.GOLD).values_list("person_id", flat=True))


def visible_comments(*, member: Member, example: Example) -> QuerySet[Comment]:
    """Oldest first. To who is blind: one's own, answers to one's own, what mentions one, and what leads say to all."""
    rows = Comment.objects.select_related("author", "parent").filter(example=example).order_by("pk")
    if not is_blind(member=member, example=example):
        return rows
    me, leads = member.person.pk, speakers(project=example.project, example=example)
    return rows.filter(
        Q(author=me) | Q(parent__author=me) | Q(mentioned__contains=[me]) | Q(author__in=leads)
    )


def speakers(*, project: Project, example: Example) -> set[int]:
    """Who speaks to everybody: those who settle, unless they were themselves asked."""
    rows = members_of(project=project).filter(role__in=MAY["adjudicate"])
    return set(rows.values_list("person_id", flat=True)) - annotators_of(example=example)


def mentionable(*, member: Member, example: Example) -> list[Membership]:
    """Members whom this person may mention here: peers only once the example is decided."""
    rows = members_of(project=example.project).filter(person__is_active=True).exclude(person=member.person)
    speaks = member.person.pk in speakers(project=example.project, example=example)
    if not speaks and is_undecided(example=example):
        rows = rows.filter(role__in=MAY["adjudicate"])
    return list(rows.order_by("person__username"))


def _threads(member: Member, example: Example) -> list[Said]:
    rows = list(visible_comments(member=member, example=example))
    hidden = annotators_of(example=example) - {member.person.pk}
    letters: dict[int, str] = {}
    answers: dict[int, list[Said]] = defaultdict(list)
    seen = {row.pk for row in rows}
    firsts = []
    for row in rows:
        said = _said(row, member, hidden, letters)
        if row.parent_id in seen:
            answers[row.parent_id].append(said)
        else:
            firsts.append(said)
    return [Said(one.comment, one.who, one.author, one.mine, answers[one.comment.pk]) for one in firsts]


def _said(row: Comment, member: Member, hidden: set[int], letters: dict[int, str]) -> Said:
    if row.author_id in hidden:
        return Said(row, letters.setdefault(row.author_id, f"Expert {len(letters) + 1}"), None, False)
    mine = row.author_id == member.person.pk
    return Said(row, "You" if mine else row.author.display_name, row.author, mine)
