"""Assignments and tasks, as the API takes and gives them.

What an expert is given never tells gold from other tasks: no reason, stratum, overlap, nor the task's number (gold
opens last); nor what peers have answered.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.annotation.bulk import LARGEST
from apps.annotation.domain import CAUSES, ESCALATION_REASONS, SKIP_REASONS, needs_confidence
from apps.annotation.models import Annotation, Assignment, AssignmentState, Condition, Consensus, Task
from apps.core.serializers import Person


class PredictionOut(serializers.Serializer[Any]):
    """What the model said of the example when the task opened."""

    label = serializers.CharField()  # type: ignore[assignment]  # a serializer has a `label` of its own
    score = serializers.FloatField()
    top = serializers.ListField(help_text="The most probable classes, as [[label, probability], …]")


class TaskToDo(serializers.ModelSerializer[Task]):
    """What the person is shown, and asked by the protocol of this version."""

    key = serializers.CharField(source="example.key")
    payload = serializers.DictField(source="payload.body")
    protocol = serializers.IntegerField(source="queue.protocol.version")
    confidence_asked = serializers.SerializerMethodField()
    prediction = serializers.SerializerMethodField()

    class Meta:
        model = Task
        fields = ("key", "payload", "given_label", "why", "prediction", "protocol", "confidence_asked")

    def get_confidence_asked(self, task: Task) -> bool:
        return needs_confidence(task.queue.protocol.body, reason=task.reason)

    @extend_schema_field(PredictionOut(allow_null=True))
    def get_prediction(self, task: Task) -> dict[str, Any] | None:
        """Nothing where the protocol hides the model's suggestion."""
        return task.prediction if task.queue.protocol.body["suggestion"] == "shown" else None


class AssignmentOut(serializers.ModelSerializer[Assignment]):
    """Your claim on a task, until `lease_expires_at`. `draft` is what you had typed, or the answer you reopened."""

    state = serializers.ChoiceField(choices=AssignmentState.choices)
    draft = serializers.DictField(allow_null=True)
    draft_version = serializers.CharField()
    task = TaskToDo()

    class Meta:
        model = Assignment
        fields = ("id", "state", "leased_at", "lease_expires_at", "draft", "draft_version", "task")


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


class AnswerIn(serializers.Serializer[Any]):
    """`answers` by question name; left out under a condition that leaves nothing to answer."""

    answers = serializers.DictField()
    condition = serializers.ChoiceField(choices=Condition.choices, default=Condition.CLEAR)
    confidence = serializers.IntegerField(
        min_value=1, max_value=4, allow_null=True, default=None, help_text="1 guess … 4 certain"
    )
    comment = serializers.CharField(max_length=4_000, allow_blank=True, default="")
    active_ms = serializers.IntegerField(min_value=0, default=0, help_text="Time spent looking and answering")
    revealed = serializers.BooleanField(default=False, help_text="Whether the suggestion was revealed")


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
    reason = serializers.ChoiceField(choices=list(SKIP_REASONS.items()))
    note = serializers.CharField(max_length=2_000, allow_blank=True, default="")


class Escalate(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(ESCALATION_REASONS.items()))
    note = serializers.CharField(max_length=2_000, allow_blank=True, default="")


class ConsensusOut(serializers.ModelSerializer[Consensus]):
    """What we believe about the example after this task."""

    condition = serializers.ChoiceField(choices=Condition.choices)
    settled_by = Person()

    class Meta:
        model = Consensus
        fields = ("label", "condition", "posterior", "method", "sources", "cause", "settled_by", "at")


class TaskOut(serializers.ModelSerializer[Task]):
    """A task as leads see it. Gold is not among them."""

    key = serializers.CharField(source="example.key")
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


class QueueOut(serializers.Serializer[Any]):
    """A queue and its tasks, gold left out of every count; `held` are tasks on people's desks now."""

    id = serializers.IntegerField(source="queue.pk")
    name = serializers.CharField(source="queue.name")
    protocol = serializers.IntegerField(source="queue.protocol.version")
    in_force = serializers.BooleanField(help_text="Whether its protocol is the one in force")
    paused_at = serializers.DateTimeField(source="queue.paused_at", allow_null=True)
    open = serializers.IntegerField()
    held = serializers.IntegerField()
    disputed = serializers.IntegerField()
    closed = serializers.IntegerField()


class Why(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=500, help_text="Kept in the history of each task it is done to")
