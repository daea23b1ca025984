"""Queue, Task, Assignment, Reveal, Annotation, Consensus."""

from __future__ import annotations

from apps.annotation.models.answers import Annotation, Condition, Consensus, Reveal
from apps.annotation.models.assignments import HOLDING, LIVE, Assignment, AssignmentState
from apps.annotation.models.tasks import CLOSED, DISPUTED, UNFINISHED, Queue, Task, TaskState

__all__ = [
    "CLOSED",
    "DISPUTED",
    "HOLDING",
    "LIVE",
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
