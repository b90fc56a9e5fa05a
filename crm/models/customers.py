"""Customers, their telephone numbers and what whoever serves them next should know."""

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Reverse
from django.utils import timezone
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
    province = models.CharField(_("province"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    pin = models.CharField(_("PIN, hashed"), max_length=128, blank=True, editable=False)
    pin_misses = models.PositiveSmallIntegerField(default=0, editable=False)
    pin_locked_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["number"]
        indexes = [models.Index(fields=["name"], name="customer_by_name", opclasses=["varchar_pattern_ops"])]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=r"^[0-9]{4,12}\Z"), name="customer_number_digits"),
            models.CheckConstraint(condition=~Q(name=""), name="customer_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class CustomerPhone(models.Model):
    """A number of a customer, in E.164. A family or an office shares one: it may belong to several customers."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="phones")
    number = models.CharField(_("number"), max_length=16)

    class Meta:
        verbose_name = _("telephone number")
        verbose_name_plural = _("telephone numbers")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["number"], name="phone_by_number"),
            # for who knows the last digits only
            models.Index(OpClass(Reverse("number"), name="text_pattern_ops"), name="phone_from_its_end"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["customer", "number"], name="one_phone_a_customer_and_number"),
            models.CheckConstraint(condition=Q(number__regex=E164), name="phone_is_e164"),
        ]

    def __str__(self) -> str:
        return self.number


class CustomerNote(models.Model):
    """Something whoever serves this customer next should know."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="notes", verbose_name=_("customer"))
    text = models.CharField(_("note"), max_length=1000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["customer", "-created_at"], name="notes_of_a_customer")]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="note_text")]

    def __str__(self) -> str:
        return self.text[:40]
