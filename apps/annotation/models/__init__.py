"""Queue, Task, Assignment, Reveal, Annotation, Consensus."""

from __future__ import annotations

from apps.annotation.models.answers import Annotation, Condition, Consensus, Reveal
from apps.annotation.models.assignments import HOLDING, LIVE, Assignment, AssignmentState
from apps.annotation.models.tasks import CLOSED, DISPUTED, MAY_BE_ASKED, UNFINISHED, Queue, Task, TaskState

__all__ = [
    "CLOSED",
    "DISPUTED",
    "HOLDING",
    "LIVE",
    "MAY_BE_ASKED",
    "UNFINISHED",
    "Annotation",
    "Assignment",
    "AssignmentState",
    "Condition",
    "Consensus",
    "Queue",
    "Reveal",
    "Task",
    "TaskState",
]
