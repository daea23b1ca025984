"""The schedule's look at who needs a calibration session."""

from __future__ import annotations

from django.utils import timezone

from apps.calibration.services import tell_of_sessions
from apps.core.jobs import SESSIONS
from workers.jobs.core import scheduled


@scheduled(SESSIONS)
def sessions() -> None:
    tell_of_sessions(at=timezone.now())
