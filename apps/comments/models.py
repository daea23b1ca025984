"""Comment: what may follow what stands in `MOVES`."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models

from apps.examples.models import Example


class CommentState(models.TextChoices):
    SAID = "said"
    WITHDRAWN = "withdrawn"


class Comment(models.Model):
    """What somebody said about an example, or answered to what was said. All free text of comments stands here.

    It stays as it was said. Its author may withdraw the words; that there were some, and the answers, stay.
    """

    State = CommentState
    MOVES: ClassVar[dict[str, set[str]]] = {
        CommentState.SAID: {CommentState.WITHDRAWN},
        CommentState.WITHDRAWN: set(),
    }

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="comments")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="answers")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(max_length=10, choices=CommentState.choices, default=CommentState.SAID)
    text = models.TextField()
    mentioned = models.JSONField(default=list)  # ids of people
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="withdrawn") | models.Q(text=""), name="withdrawn_words_are_gone"
            )
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="as_it_was_said", fields=["example", "parent", "author", "mentioned", "at"]
            ),
            pgtrigger.Protect(
                name="words_only_vanish",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__text__df=pgtrigger.F("new__text")) & ~pgtrigger.Q(new__text=""),
            ),
        ]

    @property
    def project_id(self) -> int:
        return self.example.project_id
