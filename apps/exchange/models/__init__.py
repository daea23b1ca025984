"""ImportRun and its row errors; uploads; ExportRun; Webhook and its deliveries."""

from __future__ import annotations

from apps.exchange.models.exports import ExportRun
from apps.exchange.models.imports import ImportProblem, ImportRun
from apps.exchange.models.uploads import Upload
from apps.exchange.models.webhooks import Delivery, DeliveryState, Webhook, WebhookState

__all__ = [
    "Delivery",
    "DeliveryState",
    "ExportRun",
    "ImportProblem",
    "ImportRun",
    "Upload",
    "Webhook",
    "WebhookState",
]
