"""Operations on comments: of a task for leads, of one's own assignment for who sits at the desk."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.annotation.models import Assignment, Task
from apps.annotation.queries.desk import own_assignment
from apps.annotation.queries.tasks import task_in
from apps.comments.models import Comment
from apps.comments.queries import comments_as_seen
from apps.comments.serializers import CommentIn, CommentOut
from apps.comments.services import add_comment, withdraw_comment
from apps.core.api import operation
from apps.examples.models import Example
from apps.projects.api import RowView


class CommentsOn(RowView):
    """What was said about one example, oldest first."""

    @property
    def example(self) -> Example:
        raise NotImplementedError

    def listed(self) -> Any:
        return comments_as_seen(member=self.member, example=self.example)

    def added(self, values: dict[str, Any]) -> Any:
        said = add_comment(
            example=self.example,
            by=self.person,
            text=values["text"],
            parent_id=values["parent"],
            at=timezone.now(),
        )
        return next(one for one in self.listed() if one.comment.pk == said.pk)


class TaskComments(CommentsOn):
    """Comments on a task's example, as a lead may see them."""

    may = {"GET": "adjudicate", "POST": "adjudicate"}
    rows, through = Task, "queues__tasks"

    @property
    def example(self) -> Example:
        return task_in(project=self.project, task_id=self.kwargs["id"]).example

    @operation(gives=CommentOut, many=True)
    def get(self) -> Any:
        return self.listed()

    @operation(takes=CommentIn, gives=CommentOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return self.added(values)


class AssignmentComments(CommentsOn):
    """Comments on the example of your own assignment: peers' are hidden until it is decided."""

    may = {"GET": "annotate", "POST": "annotate"}
    rows, through = Assignment, "queues__tasks__assignments"

    @property
    def example(self) -> Example:
        return own_assignment(assignment_id=self.kwargs["id"], person=self.person).task.example

    @operation(gives=CommentOut, many=True)
    def get(self) -> Any:
        return self.listed()

    @operation(takes=CommentIn, gives=CommentOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        return self.added(values)


class WithdrawComment(RowView):
    """Take your own words back: they are gone, and their place stays."""

    may = {"POST": "comment"}
    rows, through = Comment, "examples__comments"

    @operation(gives=CommentOut)
    def post(self) -> Any:
        gone = withdraw_comment(comment_id=self.kwargs["id"], by=self.person, at=timezone.now())
        seen = comments_as_seen(member=self.member, example=gone.example)
        return next(one for one in seen if one.comment.pk == gone.pk)
