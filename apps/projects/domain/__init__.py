"""The protocol's format and the answers to it: pure rules, no database."""

from apps.projects.domain.answers import (
    CONDITIONS,
    CONDITIONS_WITHOUT_TARGET,
    check_answers,
    is_asked,
    label_of,
    reads_content,
    rubric_score,
    words_of,
)
from apps.projects.domain.audience import EVERYBODY
from apps.projects.domain.protocol import (
    SUGGESTION,
    check_protocol,
    classes_of,
    protocol_digest,
    target_of,
)

__all__ = [
    "CONDITIONS",
    "CONDITIONS_WITHOUT_TARGET",
    "EVERYBODY",
    "SUGGESTION",
    "check_answers",
    "check_protocol",
    "classes_of",
    "is_asked",
    "label_of",
    "protocol_digest",
    "reads_content",
    "rubric_score",
    "target_of",
    "words_of",
]
