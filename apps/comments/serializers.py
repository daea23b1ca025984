"""Comments, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.comments.domain import MAX_TEXT
from apps.comments.models import CommentState
from apps.core.serializers import Person


class CommentIn(serializers.Serializer[Any]):
    """`@username` mentions a member; `parent` is the comment that is answered."""

    text = serializers.CharField(max_length=MAX_TEXT)
    parent = serializers.IntegerField(min_value=1, allow_null=True, default=None)  # type: ignore[assignment]


class CommentOut(serializers.Serializer[Any]):
    """A comment as you may see it. `author` is null while it must not be told; `who` says then which expert."""

    id = serializers.IntegerField(source="comment.pk")
    parent = serializers.IntegerField(source="comment.parent_id", allow_null=True)  # type: ignore[assignment]
    author = Person()
    who = serializers.CharField()
    state = serializers.ChoiceField(source="comment.state", choices=CommentState.choices)
    text = serializers.CharField(source="comment.text", help_text="Markdown; empty once it is withdrawn")
    at = serializers.DateTimeField(source="comment.at")
