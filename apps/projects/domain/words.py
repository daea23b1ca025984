"""What may be chosen in a protocol, with the words people choose by."""

from apps.projects.domain.fields import FIELD_KINDS
from apps.projects.domain.kinds import KINDS
from apps.projects.domain.protocol import CONFIDENCE, SUGGESTION

WORDS = {
    "fields": FIELD_KINDS,
    "questions": {name: kind.about for name, kind in KINDS.items()},
    "confidence": CONFIDENCE,
    "suggestion": SUGGESTION,
}
