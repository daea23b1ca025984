"""ImportRun and its row errors; Webhook and its deliveries."""

from __future__ import annotations

from apps.exchange.models.imports import ImportProblem, ImportRun
from apps.exchange.models.webhooks import Delivery, DeliveryState, Webhook, WebhookState

__all__ = ["Delivery", "DeliveryState", "ImportProblem", "ImportRun", "Webhook", "WebhookState"]
