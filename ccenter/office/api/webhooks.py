"""Webhooks: who is told of what, what was sent, and what could not be."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django_filters import IsoDateTimeFilter
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office import webhooks
from ccenter.office.filters import Filters
from ccenter.office.models import Webhook, WebhookDelivery
from ccenter.office.rest import Entities, RowBody, Rows, Strict


class WebhookBody(RowBody):
    class Meta:
        model = Webhook
        fields = ["id", "version", "name", "url", "events", "active", "created_at"]
        read_only_fields = ["version", "created_at"]


class WebhookWithSecret(WebhookBody):
    secret = serializers.CharField(read_only=True, help_text="Signs what is sent. It is shown this once.")

    class Meta(WebhookBody.Meta):
        fields = [*WebhookBody.Meta.fields, "secret"]


class EventBody(serializers.Serializer):
    event = serializers.CharField(help_text="order.approved")
    title = serializers.CharField(help_text="For people.")


class WebhookDeliveryBody(serializers.ModelSerializer):
    body = serializers.DictField()

    class Meta:
        model = WebhookDelivery
        fields = [
            "id", "webhook", "event_id", "event", "body", "state", "attempts", "next_at", "status", "error", "created_at",
            "sent_at",
        ]  # fmt: skip


class Count(serializers.Serializer):
    count = serializers.IntegerField()


class DeadOf(Strict):
    webhook = serializers.PrimaryKeyRelatedField(queryset=Webhook.objects.all(), help_text="Only what this one missed.")


class DeliveryFilter(Filters):
    since = IsoDateTimeFilter("created_at", "gte")
    until = IsoDateTimeFilter("created_at", "lt")

    class Meta:
        model = WebhookDelivery
        fields = ["webhook", "event", "event_id", "state"]


class Webhooks(Entities[Webhook]):
    """Addresses of other programs that are told what happens here, signed (standardwebhooks.com)."""

    entity = "webhooks"
    queryset = Webhook.objects.all()
    serializer_class = WebhookBody
    filterset_fields = ["active"]
    search_fields = ["name", "url"]
    ordering = "name"
    ordering_fields = ["id"]

    def add(self, values: dict[str, Any]) -> Webhook:
        return webhooks.add(self.user, values)

    def change(self, row: Webhook, values: dict[str, Any]) -> Webhook:
        return webhooks.change(self.user, row, values)

    def remove(self, row: Webhook) -> None:
        webhooks.remove(self.user, row)

    @extend_schema(responses={201: WebhookWithSecret})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new one. Its secret is in this answer and in no other."""
        row = self.add(self.body(WebhookBody))
        return Response(WebhookWithSecret(Webhook.objects.get(pk=row.pk)).data, status=201, headers={"ETag": self.etag(row)})

    @extend_schema(request=None, responses=WebhookWithSecret)
    @action(detail=True, methods=["post"], url_path="new-secret", right="change")
    def new_secret(self, request: Request, pk: str) -> Response:
        """Another secret from now on; what waits is signed with it too."""
        row = webhooks.new_key(self.user, self.locked_row())
        row.refresh_from_db()
        return Response(WebhookWithSecret(row).data, headers={"ETag": self.etag(row)})

    @extend_schema(request=None, responses={202: WebhookBody})
    @action(detail=True, methods=["post"], right="send")
    def test(self, request: Request, pk: str) -> Response:
        """Sends it the event "webhook.test"; how that went is among its deliveries."""
        row = self.get_object()
        if not row.active:
            raise serializers.ValidationError({"active": [_("It is switched off.")]})
        webhooks.test(row)
        return Response(WebhookBody(row).data, status=202)

    @extend_schema(responses=EventBody(many=True), parameters=[], filters=False)
    @action(detail=False, right="view", pagination_class=None)
    def events(self, request: Request) -> Response:
        """Everything that can be told."""
        found = [{"event": event, "title": str(title)} for event, title in webhooks.events().items()]
        return Response(EventBody(found, many=True).data)


class Deliveries(Rows[WebhookDelivery]):
    """What was sent, waits, or was given up (state "dead")."""

    entity = "webhooks"
    queryset = WebhookDelivery.objects.all()
    serializer_class = WebhookDeliveryBody
    filterset_class = DeliveryFilter

    @extend_schema(request=None, responses=WebhookDeliveryBody)
    @action(detail=True, methods=["post"], right="send")
    def send(self, request: Request, pk: str) -> Response:
        """Once more, under the same id."""
        row = self.get_object()
        webhooks.send_again(WebhookDelivery.objects.filter(pk=row.pk))
        return self.answer(row)

    @extend_schema(request=DeadOf, responses=Count)
    @action(detail=False, methods=["post"], url_path="send-dead", right="send")
    def send_dead(self, request: Request) -> Response:
        """All that this webhook missed, once more."""
        of = self.body(DeadOf)["webhook"]
        dead = WebhookDelivery.objects.filter(webhook=of, state=WebhookDelivery.State.DEAD)
        return Response({"count": webhooks.send_again(dead)})
