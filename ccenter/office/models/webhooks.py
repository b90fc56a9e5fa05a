"""Programs elsewhere that are told what happened here."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from ccenter.office.models.version import Versioned


class Webhook(Versioned):
    """An address that is told of `events` ("order.approved", "order.*", "*"). `secret` signs what is sent, is shown once."""

    name = models.CharField(_("name"), max_length=80)
    url = models.CharField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=60), verbose_name=_("events"))
    secret = models.CharField(max_length=80, editable=False)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(secret=""), name="webhook_name"),
            models.CheckConstraint(condition=Q(url__regex=r"^https?://"), name="webhook_url"),
            models.CheckConstraint(condition=Q(events__len__gte=1), name="webhook_events"),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one webhook: written with what happened, sent after, tried again, and at last given up (a dead letter).

    `next_at`: when it is tried next; while a worker sends it, when another may take it. `event_id` is the same each time it
    is sent, also by hand: the receiver knows what it has had.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        DEAD = "dead", _("given up")

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    event_id = models.UUIDField(default=uuid.uuid4, editable=False)
    event = models.CharField(_("event"), max_length=60)
    body = models.JSONField(_("body"), encoder=DjangoJSONEncoder)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), db_default=Now())
    status = models.PositiveSmallIntegerField(_("last answer"), null=True, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("happened"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="webhooks_due"),
            models.Index(fields=["webhook", "state", "-id"], name="webhook_deliveries"),
            models.Index(fields=["created_at"], name="webhook_deliveries_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event_id"], name="one_delivery_a_webhook_and_event"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | Q(state__in=["waiting", "dead"], sent_at=None),
                name="webhook_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.event_id}"
