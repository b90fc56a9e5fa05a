"""Customers and their telephone numbers."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.centre import Language

E164 = r"^\+[1-9][0-9]{2,14}\Z"


class Customer(models.Model):
    """Somebody who buys. `number` is the member number, for a telephone's keys; `language` is empty when never asked."""

    class Level(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary")
        MEMBER = "member", _("member")
        VIP = "vip", _("VIP")

    class Title(models.TextChoices):
        NONE = "", "-"
        MR = "mr", _("Mr")
        MS = "ms", _("Ms")

    number = models.CharField(_("member number"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=100)
    title = models.CharField(_("title"), max_length=2, choices=Title.choices, default=Title.NONE, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Level.choices, default=Level.ORDINARY)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, blank=True)
    points = models.PositiveIntegerField(_("points"), default=0)
    pin = models.CharField(_("PIN, hashed"), max_length=128, blank=True, editable=False)
    pin_misses = models.PositiveSmallIntegerField(default=0, editable=False)
    pin_locked_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=r"^[0-9]{4,12}\Z"), name="customer_number_digits"),
            models.CheckConstraint(condition=~Q(name=""), name="customer_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class CustomerPhone(models.Model):
    """A number of a customer, in E.164; one owner."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="phones")
    number = models.CharField(_("number"), max_length=16, unique=True)

    class Meta:
        verbose_name = _("telephone number")
        verbose_name_plural = _("telephone numbers")
        constraints = [models.CheckConstraint(condition=Q(number__regex=E164), name="phone_is_e164")]

    def __str__(self) -> str:
        return self.number
