"""Comments added and withdrawn, and who is told of them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.services.notices import notify
from apps.comments.domain import MAX_ON_EXAMPLE, MAX_TEXT, mentions_in
from apps.comments.errors import MentionsPeers, TooManyComments
from apps.comments.models import Comment, CommentState
from apps.comments.queries import annotators_of, mentionable, visible_comments
from apps.core.errors import BadInput, NotFound
from apps.core.events import record_event
from apps.core.moves import move
from apps.examples.models import Example
from apps.projects.models import Project
from apps.projects.permissions import Member, require
from apps.projects.queries import members_of


@transaction.atomic
def add_comment(
    *, example: Example, by: User, text: str, parent_id: int | None = None, at: datetime
) -> Comment:
    """Say something about an example, or answer what was said; who is mentioned or answered is told.

    Answers to an answer stand under the same first comment.
    """
    member = require(person=by, project=example.project, action="comment")
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise BadInput(f"A comment has 1 to {MAX_TEXT:,} characters; yours has {len(text):,}.", field="text")
    if Comment.objects.filter(example=example).count() >= MAX_ON_EXAMPLE:
        raise TooManyComments
    answered = _answered(member, example, parent_id)
    mentioned = _mentioned(member, example, text)
    comment = Comment.objects.create(
        example=example,
        parent=answered and (answered.parent or answered),
        author=by,
        text=text,
        mentioned=sorted(mentioned),
        at=at,
    )
    record_event(kind="comment.said", row=comment, at=at, actor=by, example=example.key)
    _tell(comment, mentioned=mentioned, answered=answered, at=at)
    return comment


def _answered(member: Member, example: Example, parent_id: int | None) -> Comment | None:
    if parent_id is None:
        return None
    found = visible_comments(member=member, example=example).filter(pk=parent_id).first()
    if found is None:
        raise NotFound("The comment that you answer is not here. Reload the page to see what is.")
    return found


def _mentioned(member: Member, example: Example, text: str) -> set[int]:
    """Ids of those whom the text mentions; raises where one of them must not read it yet."""
    members = members_of(project=example.project).filter(person__is_active=True).exclude(person=member.person)
    named = mentions_in(text, [one.person.username for one in members])
    allowed = {one.person_id for one in mentionable(member=member, example=example)}
    asked = [one.person for one in members if one.person.username in named]
    if peers := [person.display_name for person in asked if person.pk not in allowed]:
        raise MentionsPeers(peers)
    return {person.pk for person in asked}


def _tell(comment: Comment, *, mentioned: set[int], answered: Comment | None, at: datetime) -> None:
    project, key = comment.example.project, comment.example.key
    hidden = comment.author_id in annotators_of(example=comment.example)
    who = "An expert" if hidden else comment.author.display_name
    place = reverse("comments:comments", args=[project.slug, key])
    news = {f"{who} mentions you in a comment on {key} in {project}.": mentioned}
    if answered is not None:
        asked = (
            {one.author_id for one in (answered, answered.parent) if one} - mentioned - {comment.author_id}
        )
        members = set(members_of(project=project).values_list("person_id", flat=True))
        news[f"{who} answered your comment on {key} in {project}."] = asked & members
    for title, people in news.items():
        notify(
            people=people,
            kind="mention",
            project_id=project.pk,
            about=f"example:{comment.example_id}",
            title=title,
            url=f"{place}#comment-{comment.pk}",
            at=at,
        )


@transaction.atomic
def withdraw_comment(*, comment_id: int, by: User, project: Project | None = None, at: datetime) -> Comment:
    """Take one's own words back: they are gone, and their place says so. Answers stay."""
    rows = Comment.objects.select_for_update(of=("self",)).select_related("example__project")
    comment = rows.filter(pk=comment_id, author=by).first()
    if comment is None or (project is not None and comment.example.project_id != project.pk):
        raise NotFound("You have made no such comment.")
    require(person=by, project=comment.example.project, action="comment")
    move(comment, to=CommentState.WITHDRAWN, at=at, actor=by, text="")
    return comment
