"""Read-only operations over everything: events and their chain."""

from __future__ import annotations

from typing import Any

from apps.core.api import Keyset, operation, parameter
from apps.core.events import verify_chain
from apps.core.models import Event
from apps.core.serializers import ChainOut, EventOut
from apps.projects.api import ProjectView


class Events(ProjectView):
    """The project's events, newest first."""

    may = {"GET": "audit"}
    pagination_class = Keyset

    @operation(
        gives=EventOut,
        many=True,
        query=[
            parameter("kind", "Only events of this kind, such as gate.promoted"),
            parameter("actor", "Only what this person did, by username"),
        ],
    )
    def get(self) -> Any:
        events = Event.objects.select_related("actor", "seal").filter(project_id=self.project.pk)
        asked = {"kind": "kind", "actor": "actor__username"}
        given = {way: self.request.query_params.get(name, "") for name, way in asked.items()}
        return events.filter(**{way: value for way, value in given.items() if value})


class Verification(ProjectView):
    """Recompute every link of the chain, which spans all projects of this installation."""

    may = {"GET": "audit"}

    @operation(gives=ChainOut, name="events_verification")
    def get(self) -> Any:
        return verify_chain()
