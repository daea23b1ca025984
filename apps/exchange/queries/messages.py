"""What a webhook is told of an event: numbers, digests and addresses; never content, answers or people's names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.annotation.models import Task
from apps.core.models import Event, EventSeal
from apps.curricula.models import Proposal
from apps.datasets.models import DatasetVersion
from apps.exchange.domain.webhooks import TOPIC_OF
from apps.projects.models import Project
from apps.registry.models import ModelVersion
from apps.training.models import TrainingRun

Facts = dict[str, Any]


def messages_of(*, project: Project, seals: list[EventSeal]) -> dict[int, str]:
    """By number in the chain, the body for each of these events.

    One that tells nothing has none: a gold task may not be known by its message, and what is gone cannot be told of.
    """
    by_object: dict[str, list[Event]] = {}
    for seal in seals:
        by_object.setdefault(seal.event.object_type, []).append(seal.event)
    told: dict[int, Facts] = {}
    for kind, events in by_object.items():
        told |= TELLERS[kind](project, events)
    return {
        seal.number: body_of(
            type=TOPIC_OF[seal.event.kind],
            at=seal.event.at.isoformat(),
            data={"project": project.slug, "number": seal.number, **told[seal.event_id]},
        )
        for seal in seals
        if seal.event_id in told
    }


def body_of(*, type: str, at: str, data: Facts) -> str:
    return json.dumps({"type": type, "timestamp": at, "data": data}, separators=(",", ":"))


def _page(view: str, *words: object) -> str:
    return settings.PUBLIC_URL + reverse(view, args=words)


def _api(path: str) -> str:
    return f"{settings.PUBLIC_URL}/api/v1/{path}"


def _numbers(events: list[Event]) -> list[int]:
    return [int(event.object_id) for event in events]


def _tasks(project: Project, events: list[Event]) -> dict[int, Facts]:
    rows = Task.objects.exclude(reason=Task.Reason.GOLD).select_related("example").in_bulk(_numbers(events))
    return {
        event.pk: {
            "task": task.pk,
            "state": event.kind.partition(".")[2],
            "example": task.example.key,
            "payload_digest": task.payload_id,
            "url": _page("explore:example", project.slug, task.example.key),
        }
        for event in events
        if (task := rows.get(int(event.object_id)))
    }


def _datasets(project: Project, events: list[Event]) -> dict[int, Facts]:
    rows = DatasetVersion.objects.in_bulk(_numbers(events))
    return {
        event.pk: {
            "dataset_version": dataset.number,
            "digest": dataset.digest,
            "rows": dataset.rows,
            "url": _page("datasets:dataset", project.slug, dataset.number),
            "api_url": _api(f"projects/{project.slug}/dataset-versions/{dataset.digest}/"),
        }
        for event in events
        if (dataset := rows.get(int(event.object_id)))
    }


def _proposals(project: Project, events: list[Event]) -> dict[int, Facts]:
    rows = Proposal.objects.select_related("curriculum__dataset").in_bulk(_numbers(events))
    return {
        event.pk: {
            "proposal": proposal.pk,
            "curriculum_version": proposal.curriculum.number,
            "digest": proposal.curriculum.digest,
            "dataset_digest": proposal.curriculum.dataset.digest,
            "rows": proposal.curriculum.rows,
            "url": _page("curricula:proposal", project.slug, proposal.pk),
            "api_url": _api(f"projects/{project.slug}/curricula/{proposal.curriculum.digest}/"),
        }
        for event in events
        if (proposal := rows.get(int(event.object_id)))
    }


def _training_runs(project: Project, events: list[Event]) -> dict[int, Facts]:
    rows = TrainingRun.objects.select_related("curriculum", "model").in_bulk(_numbers(events))
    return {
        event.pk: {
            "training_run": run.pk,
            "state": event.kind.partition(".")[2],
            "curriculum_digest": run.curriculum.digest,
            **_model(run.model),
            "url": _page("training:run", project.slug, run.pk),
            "api_url": _api(f"training-runs/{run.pk}/"),
        }
        for event in events
        if (run := rows.get(int(event.object_id)))
    }


def _model(model: ModelVersion | None) -> Facts:
    return {"model": model.number if model else None, "model_digest": model.digest if model else None}


def _aliases(project: Project, events: list[Event]) -> dict[int, Facts]:
    numbers = {event.data["to"] for event in events}
    models = {model.number: model for model in project.models.filter(number__in=numbers)}
    return {
        event.pk: {
            "alias": event.data["alias"],
            "move": event.kind.partition(".")[2],
            "from_model": event.data["from"],
            **_model(models.get(event.data["to"])),
            "gate": event.data["gate"],
            "url": _page("training:model", project.slug, event.data["to"]),
            "api_url": _api(f"projects/{project.slug}/aliases/{event.data['alias']}/"),
        }
        for event in events
    }


TELLERS: dict[str, Callable[[Project, list[Event]], dict[int, Facts]]] = {
    "task": _tasks,
    "datasetversion": _datasets,
    "proposal": _proposals,
    "trainingrun": _training_runs,
    "alias": _aliases,
}
