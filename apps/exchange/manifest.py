"""What an export says of itself: which content, how much of it, where its labels come from, whose it is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.datasets.domain import SOURCES
from apps.exchange.domain import label_studio
from apps.exchange.domain.formats import FORMATS
from apps.exchange.domain.parts import Shard, summed
from apps.exchange.models import ExportRun

ABOUT = {
    "examples": "Examples as they were imported.",
    "annotations": "What people answered, one row for each current answer.",
    "dataset": "An immutable snapshot of what is believed of the examples.",
    "curriculum": "What a model is taught, in which stages, how strongly and why.",
}
LABELS = {
    "examples": "Labels are those that the examples came with.",
    "annotations": "Each label is one person’s answer: nothing was voted on.",
    "dataset": "Labels are as given, or what people agreed on.",
    "curriculum": "Labels are as given, or what people agreed on.",
}


def manifest_of(run: ExportRun, digest: str, shards: list[Shard]) -> dict[str, Any]:
    """JSON, kept with the run and, where there is an archive, in it."""
    counts = summed(shard.counts for shard in shards)
    rows = sum(shard.rows for shard in shards)
    parts: dict[str, Any] = {
        "project": run.project.name,
        "title": f"{run.project.name}: {run.title[:1].lower()}{run.title[1:]}",
        "about": ABOUT[run.what],
        "labels": LABELS[run.what],
        "name": name_of(run, digest).partition(".")[0],
        "what": run.what,
        "format": run.format,
        "digest": digest,
        "number": run.version.number if run.version else 1,
        "rows": rows,
        "splits": counts.get("split") or ({"train": rows} if rows and run.format == "huggingface" else {}),
        "licences": counts.get("licence", {}),
        "sources": {SOURCES.get(name, name): n for name, n in counts.get("source", {}).items()},
        "purged": counts.get("purged", {}).get("payload", 0),
        "benchmark": run.benchmark,
        "at": f"{run.created_at:%Y-%m-%d}",
        "url": settings.PUBLIC_URL + reverse("exchange:export", args=[run.project.slug, run.pk]),
    }
    return {**parts, **_of_protocol(run), **({"stages": run.curriculum.stages} if run.curriculum else {})}


def _of_protocol(run: ExportRun) -> dict[str, Any]:
    """What annotations were made under, and how people are called in them."""
    if run.what != "annotations" or run.protocol is None:
        return {}
    told: dict[str, Any] = {
        "people": "usernames" if run.names else "pseudonyms",
        "protocol": {"version": run.protocol.version, "digest": run.protocol.digest},
    }
    if run.format == "label_studio":
        told["label_config"] = label_studio.configuration(run.protocol.body)
    return told


def name_of(run: ExportRun, digest: str) -> str:
    """What the file is called: of what, in which version, by the start of its hash."""
    number = f"-v{run.version.number}" if run.version else ""
    kind = {"preferences": "-preferences", "sft": "-sft", "huggingface": "-hf"}.get(run.format, "")
    return f"{run.project.slug}-{run.what}{number}{kind}-{digest[:12]}{FORMATS[run.format].ending}"
