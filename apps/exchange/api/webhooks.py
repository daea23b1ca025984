"""Operations on webhooks and their deliveries. The web sends nothing outside: workers do."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apps.core.api import Keyset, chosen, operation, parameter
from apps.exchange.models import Delivery, DeliveryState, Webhook
from apps.exchange.queries.webhooks import deliveries_of, webhooks_of
from apps.exchange.serializers import DeliveryOut, Replayed, SecretOut, WebhookIn, WebhookOut
from apps.exchange.services import webhooks
from apps.projects.api import ProjectView, RowView


class Webhooks(ProjectView):
    """Newest first. Posting makes one, and gives its secret this once."""

    may = {"GET": "manage_webhooks", "POST": "manage_webhooks"}
    pagination_class = Keyset

    @operation(gives=WebhookOut, many=True)
    def get(self) -> Any:
        return webhooks_of(project=self.project)

    @operation(takes=WebhookIn, gives=SecretOut, status=201)
    def post(self, values: dict[str, Any]) -> Any:
        made = webhooks.make_webhook(project=self.project, by=self.person, at=timezone.now(), **values)
        return {"webhook": made[0], "secret": made[1]}


class OneWebhook(RowView):
    may = dict.fromkeys(("GET", "POST", "PUT", "DELETE"), "manage_webhooks")
    rows, through = Webhook, "webhooks"

    def get_queryset(self) -> QuerySet[Any]:
        return webhooks_of(project=self.project)

    @property
    def call(self) -> dict[str, Any]:
        return {"webhook": self.row, "by": self.person, "at": timezone.now()}


class WebhookDetail(OneWebhook):
    """One webhook. PUT gives it another address or other events; DELETE takes it away with its log."""

    @operation(gives=WebhookOut)
    def get(self) -> Any:
        return self.row

    @operation(takes=WebhookIn, gives=WebhookOut)
    def put(self, values: dict[str, Any]) -> Any:
        return webhooks.change_webhook(**self.call, **values)

    @operation(status=204)
    def delete(self) -> Any:
        webhooks.delete_webhook(**self.call)


class RotateSecret(OneWebhook):
    """A new secret, given this once; for a day the one before it signs, too."""

    @operation(gives=SecretOut)
    def post(self) -> Any:
        changed, secret = webhooks.rotate_secret(**self.call)
        return {"webhook": changed, "secret": secret}


class SwitchOff(OneWebhook):
    """Send nothing more; what waits is dead, and can be sent again when it is on."""

    @operation(gives=WebhookOut)
    def post(self) -> Any:
        return webhooks.switch_off(**self.call)


class SwitchOn(OneWebhook):
    """Tell it again of what happens from now on."""

    @operation(gives=WebhookOut)
    def post(self) -> Any:
        return webhooks.switch_on(**self.call)


class SendTest(OneWebhook):
    """Send `webhook.test`, which tells nothing, at once; its delivery says what came of it."""

    @operation(gives=DeliveryOut, status=202)
    def post(self) -> Any:
        return webhooks.send_test(**self.call)


class Deliveries(OneWebhook):
    """What was sent in the last thirty days, newest first."""

    pagination_class = Keyset

    @operation(
        gives=DeliveryOut,
        many=True,
        query=[parameter("state", "Only those in this state", choices=DeliveryState.values)],
    )
    def get(self) -> Any:
        return deliveries_of(webhook=self.row, state=chosen(self.request, "state", DeliveryState.values))


class ReplayAll(OneWebhook):
    """Send all dead letters again, with the ids they had."""

    @operation(gives=Replayed, status=202)
    def post(self) -> Any:
        return {"deliveries": webhooks.replay(**self.call)}


class ReplayOne(RowView):
    """Send one dead letter again, with the id it had."""

    may = {"POST": "manage_webhooks"}
    rows, through = Delivery, "webhooks__deliveries"

    def get_queryset(self) -> QuerySet[Any]:
        return Delivery.objects.select_related("webhook__project")

    @operation(gives=Replayed, status=202)
    def post(self) -> Any:
        delivery, at = self.row, timezone.now()
        number = {"delivery_id": delivery.pk}
        return {"deliveries": webhooks.replay(webhook=delivery.webhook, by=self.person, at=at, **number)}
