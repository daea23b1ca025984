"""Assignments and tasks, as the API takes and gives them.

What an expert is given never tells gold from other tasks: no reason, stratum, overlap, nor the task's number (gold
opens last); nor what peers have answered.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.annotation.bulk import LARGEST
from apps.annotation.domain import CAUSES, ESCALATE, EXCLUDE, MAX_NOTE, PRIORITIES, SKIP, needs_confidence
from apps.annotation.models import (
    Annotation,
    Assignment,
    AssignmentState,
    Condition,
    Consensus,
    Reveal,
    Task,
)
from apps.annotation.queries.open import Selection
from apps.annotation.subjects import why_of
from apps.core.serializers import Person
from apps.projects.domain import SUGGESTION

REASONS = [reason for reason in Task.Reason.values if reason != Task.Reason.GOLD]


class PredictionOut(serializers.Serializer[Any]):
    """What the model said of the example when the task opened; `model` is its version."""

    model = serializers.IntegerField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # a serializer has a `label` of its own
    score = serializers.FloatField()
    top = serializers.ListField(help_text="The most probable classes, as [[label, probability], …]")


class TaskToDo(serializers.Serializer[Any]):
    """What the person is shown, and asked by the protocol of this version. It is read off their assignment."""

    key = serializers.CharField(source="task.example.key")
    payload = serializers.DictField(source="task.payload.body")
    given_label = serializers.CharField(source="task.given_label", allow_null=True)
    why = serializers.SerializerMethodField()
    suggestion = serializers.ChoiceField(
        source="task.queue.protocol.body.suggestion", choices=list(SUGGESTION.items())
    )
    prediction = serializers.SerializerMethodField()
    protocol = serializers.IntegerField(source="task.queue.protocol.version")
    confidence_asked = serializers.SerializerMethodField()

    def get_confidence_asked(self, assignment: Assignment) -> bool:
        return needs_confidence(assignment.task.queue.protocol.body, reason=assignment.task.reason)

    def get_why(self, assignment: Assignment) -> str:
        return why_of(assignment.task, suggest=not assignment.is_blind)

    @extend_schema_field(PredictionOut(allow_null=True))
    def get_prediction(self, assignment: Assignment) -> dict[str, Any] | None:
        """Nothing where the protocol hides the model's suggestion, and before it is revealed."""
        task = assignment.task
        if assignment.is_blind or task.prediction is None:
            return None
        return {"model": task.model.number if task.model else None, **task.prediction}


class RevealedAs(serializers.ModelSerializer[Reveal]):
    """Your answer before the model's word was revealed, as it is kept."""

    condition = serializers.ChoiceField(choices=Condition.choices)

    class Meta:
        model = Reveal
        fields = ("answers", "condition", "confidence", "at")


class AssignmentOut(serializers.ModelSerializer[Assignment]):
    """Your claim on a task, until `lease_expires_at`. `draft` is what you had typed, or the answer you reopened."""

    state = serializers.ChoiceField(choices=AssignmentState.choices)
    draft = serializers.DictField(allow_null=True)
    draft_version = serializers.CharField()
    revealed_as = RevealedAs(allow_null=True)
    task = TaskToDo(source="*")

    class Meta:
        model = Assignment
        fields = (
            "id",
            "state",
            "leased_at",
            "lease_expires_at",
            "draft",
            "draft_version",
            "revealed_as",
            "task",
        )


class Stand(serializers.ModelSerializer[Assignment]):
    """Where your assignment stands after the verb."""

    state = serializers.ChoiceField(choices=AssignmentState.choices)

    class Meta:
        model = Assignment
        fields: tuple[str, ...] = ("id", "state", "lease_expires_at")


class DraftOut(Stand):
    """As `Stand`; the next draft may say that it is `based_on` this version."""

    draft_version = serializers.CharField()

    class Meta(Stand.Meta):
        fields = (*Stand.Meta.fields, "draft_version")


class EmptyOut(serializers.Serializer[Any]):
    """Why there is nothing to do; `retry_after` in seconds, null when trying again will not help."""

    code = serializers.CharField()
    message = serializers.CharField()
    retry_after = serializers.IntegerField(allow_null=True)


class Next(serializers.Serializer[Any]):
    """The next assignment, or why there is none."""

    assignment = AssignmentOut(allow_null=True)
    empty = EmptyOut(required=False, allow_null=True)


class GivenAnswer(serializers.Serializer[Any]):
    """`answers` by question name; left out under a condition that leaves nothing to answer."""

    answers = serializers.DictField()
    condition = serializers.ChoiceField(choices=Condition.choices, default=Condition.CLEAR)
    confidence = serializers.IntegerField(
        min_value=1, max_value=4, allow_null=True, default=None, help_text="1 guess … 4 certain"
    )
    comment = serializers.CharField(max_length=4_000, allow_blank=True, default="")
    active_ms = serializers.IntegerField(min_value=0, default=0, help_text="Time spent looking and answering")


class AnswerIn(GivenAnswer):
    """An answer to submit."""

    revealed = serializers.BooleanField(
        default=False, help_text="Whether you saw a suggestion that is shown; what you revealed is known here"
    )


class AnnotationOut(serializers.ModelSerializer[Annotation]):
    """Your answer as it was kept. `surplus`: the task had all its answers by then; yours is kept beside them."""

    assignment = serializers.IntegerField(source="assignment_id")
    state = serializers.ChoiceField(source="assignment.state", choices=AssignmentState.choices)
    condition = serializers.ChoiceField(choices=Condition.choices)

    class Meta:
        model = Annotation
        fields = (
            "id",
            "assignment",
            "state",
            "revision",
            "answers",
            "condition",
            "confidence",
            "comment",
            "at",
        )


class Submitted(serializers.Serializer[Any]):
    """With `?next=true` also the next assignment, or why there is none."""

    annotation = AnnotationOut()
    assignment = AssignmentOut(required=False, allow_null=True)
    empty = EmptyOut(required=False, allow_null=True)


class BatchSize(serializers.Serializer[Any]):
    n = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST,
        help_text="How many you want to hold; you may get fewer, so that others have some too",
    )


class BatchOut(serializers.Serializer[Any]):
    """All that you hold in this queue, or why there is nothing."""

    assignments = AssignmentOut(many=True)
    empty = EmptyOut(allow_null=True)


class BatchAnswer(AnswerIn):
    """One answer among many, under a key of its own."""

    assignment = serializers.IntegerField(min_value=1)
    idempotency_key = serializers.CharField(
        max_length=64, help_text="New for each answer; sent again it counts once"
    )

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            taken = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"There is no such field; an answer takes {taken}."] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


class BatchAnswers(serializers.Serializer[Any]):
    answers = BatchAnswer(many=True, allow_empty=False, max_length=LARGEST)  # type: ignore[call-arg]  # of the list


class Refusal(serializers.Serializer[Any]):
    """Why an answer was not kept: `code` is for programs, `message` says what to do."""

    code = serializers.CharField()
    message = serializers.CharField()


class BatchResult(serializers.Serializer[Any]):
    """What became of one answer: the annotation that was kept, or the error; the other is null."""

    assignment = serializers.IntegerField(source="assignment_id")
    annotation = AnnotationOut(allow_null=True)
    error = Refusal(allow_null=True)


class BatchResults(serializers.Serializer[Any]):
    """In the order in which the answers were sent."""

    results = BatchResult(many=True)


class DraftIn(serializers.Serializer[Any]):
    draft = serializers.DictField(help_text="Whatever you want back: usually an unfinished answer")
    based_on = serializers.CharField(
        max_length=40,
        allow_blank=True,
        required=False,
        help_text="The `draft_version` you have seen, empty for none; a newer one: 409 `changed_elsewhere`",
    )


class Skip(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(SKIP.reasons.items()))
    note = serializers.CharField(max_length=MAX_NOTE, allow_blank=True, default="")


class Escalate(Skip):
    reason = serializers.ChoiceField(choices=list(ESCALATE.reasons.items()))


class Exclude(Skip):
    reason = serializers.ChoiceField(choices=list(EXCLUDE.reasons.items()))


class ConsensusOut(serializers.ModelSerializer[Consensus]):
    """What we believe about the example after this task."""

    condition = serializers.ChoiceField(choices=Condition.choices)
    settled_by = Person()

    class Meta:
        model = Consensus
        fields = ("label", "condition", "posterior", "method", "sources", "cause", "settled_by", "at")


AUDIENCE = "`everybody`, `group:` and a group's name, or `person:` and a username"


class TaskOut(serializers.ModelSerializer[Task]):
    """A task as leads see it. Gold is not among them."""

    key = serializers.CharField(source="example.key")
    priority = serializers.ChoiceField(source="priority_words", choices=list(PRIORITIES))
    reserved_for = serializers.CharField(source="audience", help_text=AUDIENCE)
    consensus = ConsensusOut(allow_null=True, default=None)

    class Meta:
        model = Task
        fields = (
            "id",
            "key",
            "state",
            "reason",
            "why",
            "given_label",
            "prediction",
            "signals",
            "stratum",
            "inclusion_probability",
            "overlap",
            "priority",
            "reserved_for",
            "mining_run_id",
            "created_at",
            "closed_at",
            "consensus",
        )


class Adjudicate(serializers.Serializer[Any]):
    """The lead's answer; questions other than the target may be left out. `cause`: why people differed."""

    answers = serializers.DictField()
    condition = serializers.ChoiceField(choices=Condition.choices, default=Condition.CLEAR)
    cause = serializers.ChoiceField(choices=list(CAUSES.items()))
    note = serializers.CharField(max_length=4_000, allow_blank=True, default="")


class PutBack(serializers.Serializer[Any]):
    """`open`: people are asked again; `escalated`: it waits for a lead."""

    to = serializers.ChoiceField(choices=["open", "escalated"])
    why = serializers.CharField(max_length=MAX_NOTE, allow_blank=True, default="")


class QueueOut(serializers.Serializer[Any]):
    """A queue and its tasks, gold left out of every count; `held` are tasks on people's desks now."""

    id = serializers.IntegerField(source="queue.pk")
    name = serializers.CharField(source="queue.name")
    protocol = serializers.IntegerField(source="queue.protocol.version")
    in_force = serializers.BooleanField(help_text="Whether its protocol is the one in force")
    paused_at = serializers.DateTimeField(source="queue.paused_at", allow_null=True)
    open = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Open tasks that are kept for a group or a person")
    stuck = serializers.IntegerField(help_text="Reserved for people who are too few for their answers")
    held = serializers.IntegerField()
    disputed = serializers.IntegerField()
    excluded = serializers.IntegerField(help_text="Not for anyone, until a lead puts them back")
    closed = serializers.IntegerField()


class Why(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=500, help_text="Kept in the history of each task it is done to")


class Select(serializers.Serializer[Any]):
    """Which open tasks of the queue: all that is given must hold, nothing given means all. Gold is never among them."""

    keys = serializers.ListField(child=serializers.CharField(), required=False, max_length=10_000)
    reason = serializers.ChoiceField(choices=REASONS, required=False)
    attributes = serializers.DictField(child=serializers.CharField(), required=False)
    reserved_for = serializers.CharField(required=False, help_text=f"As they are now: {AUDIENCE}")
    priority = serializers.ChoiceField(choices=list(PRIORITIES), required=False)
    n = serializers.IntegerField(
        required=False, min_value=1, max_value=1_000_000, help_text="The first so many, as they are served"
    )

    def to_internal_value(self, data: Any) -> Selection:
        values = super().to_internal_value(data)
        return Selection(**{**values, "keys": tuple(values.get("keys", ()))})


class Reserve(serializers.Serializer[Any]):
    """Whom the tasks are for from now on; `everybody` lifts what was reserved."""

    select = Select(default=Selection)
    audience = serializers.CharField(help_text=AUDIENCE)


class Prioritise(serializers.Serializer[Any]):
    select = Select(default=Selection)
    priority = serializers.ChoiceField(choices=list(PRIORITIES), help_text="From now on")


class Changed(serializers.Serializer[Any]):
    tasks = serializers.IntegerField(help_text="How many were changed")


class ReservationOut(serializers.Serializer[Any]):
    """What of the queue is kept for one group or person. `stuck`: tasks for whose answers they are too few."""

    audience = serializers.CharField(source="group.address", help_text=AUDIENCE)
    open = serializers.IntegerField()
    people = serializers.IntegerField(help_text="How many of them may answer")
    stuck = serializers.IntegerField()


class TakeDispute(serializers.Serializer[Any]):
    take_over = serializers.BooleanField(default=False, help_text="Take it from the lead who is at it")
