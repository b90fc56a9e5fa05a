"""Internal messages 站内短信: from person to person, or from a lead to a group; and who looked at which customer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import SeatGroup


class Message(models.Model):
    """What somebody wrote to a colleague, or to all of a group. Who gets it is settled when it is sent: see `Delivery`."""

    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("sender"))
    to_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recipient")
    )
    to_group = models.ForeignKey(
        SeatGroup, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("to the group")
    )
    text = models.CharField(_("text"), max_length=1000)
    sent_at = models.DateTimeField(_("sent"), auto_now_add=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        indexes = [models.Index(fields=["sender", "-id"], name="messages_sent")]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="message_text"),
            models.CheckConstraint(condition=Q(to_user__isnull=True) ^ Q(to_group__isnull=True), name="message_to_one"),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class Delivery(models.Model):
    """That a message is for somebody, and when they read it."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(_("read"), null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-message"], name="messages_received"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="messages_unread"),
        ]
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="delivered_once")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.user_id}"


class CardOpening(models.Model):
    """That somebody was shown a customer, on a pop (`call`) or by opening the card. Kept when the customer is deleted."""

    customer = models.BigIntegerField(_("customer"), db_index=True)
    call = models.TextField(_("call"), default="", db_default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("login"))
    at = models.DateTimeField(_("at"), auto_now_add=True)
    address = models.GenericIPAddressField(_("address"), null=True)

    class Meta:
        verbose_name = _("opening of a customer")
        verbose_name_plural = _("openings of customers")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="opening_at"),
            models.Index(fields=["user", "-at"], name="opening_by"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.customer}"
