"""Delivery: carriers, ways of delivery, what they cost, and the one delivery of an order."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.fields import CodeField, code_is_code
from ccenter.office.models import Versioned
from orders.models.orders import Order, money

TRACKING = r"^[A-Za-z0-9-]{4,40}\Z"


class Carrier(Versioned):
    """A company that brings goods. `cod`: it collects cash. `tracking_url` holds {number}, or is empty."""

    code = CodeField()
    name = models.CharField(_("name"), max_length=60)
    phone = models.CharField(_("telephone"), max_length=20, blank=True)
    cod = models.BooleanField(_("collects cash on delivery"), default=True)
    tracking_url = models.CharField(
        _("address for tracking"), max_length=200, blank=True, validators=[RegexValidator(r"^https?://\S+\Z")]
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")
        ordering = ["code"]
        constraints = [
            code_is_code("carrier"),
            models.CheckConstraint(
                condition=Q(tracking_url="") | Q(tracking_url__regex=r"^https?://"), name="carrier_tracking_url"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryMethod(Versioned):
    """A way of delivery: "express". `carriers`: who offers it."""

    code = CodeField()
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    carriers = models.ManyToManyField(Carrier, related_name="methods", blank=True, verbose_name=_("carriers"))
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("way of delivery")
        verbose_name_plural = _("ways of delivery")
        ordering = ["position", "code"]
        constraints = [code_is_code("delivery_method")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class DeliveryFee(Versioned):
    """What a way of delivery costs. The rule of the city goes before the province's, and this before the one for everywhere ("").

    `free_from`: for goods of this value or more it costs nothing; None: never free.
    """

    method = models.ForeignKey(DeliveryMethod, models.CASCADE, related_name="fees", verbose_name=_("way of delivery"))
    province = models.CharField(_("province"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True)
    fee = money(_("fee"))
    free_from = money(_("free from"), null=True, blank=True, default=None)

    class Meta:
        verbose_name = _("delivery fee")
        verbose_name_plural = _("delivery fees")
        ordering = ["method", "province", "city"]
        constraints = [
            models.UniqueConstraint(fields=["method", "province", "city"], name="delivery_fee_once"),
            models.CheckConstraint(condition=Q(fee__gte=0), name="delivery_fee_amount"),
            models.CheckConstraint(condition=Q(free_from=None) | Q(free_from__gte=0), name="delivery_fee_free_from"),
            models.CheckConstraint(condition=Q(city="") | ~Q(province=""), name="delivery_fee_city_in_province"),
        ]

    def __str__(self) -> str:
        return f"{self.method}: {self.city or self.province or '*'} {self.fee}"


class Delivery(models.Model):
    """The one delivery of an order: by one carrier, in one way. Its note carries the order's number.

    `cod_amount`: what the carrier collects, fixed when it is shipped.
    """

    order = models.OneToOneField(Order, models.PROTECT, related_name="delivery", verbose_name=_("order"))
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="deliveries", verbose_name=_("carrier"))
    method = models.ForeignKey(DeliveryMethod, models.PROTECT, related_name="+", verbose_name=_("way of delivery"))
    tracking = models.CharField(_("tracking number"), max_length=40, blank=True, validators=[RegexValidator(TRACKING)])
    cod_amount = money(_("to be collected"))
    created_at = models.DateTimeField(_("assigned"), default=timezone.now)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    signed_by = models.CharField(_("signed by"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["tracking"], condition=~Q(tracking=""), name="delivery_by_tracking")]
        constraints = [
            models.UniqueConstraint(fields=["carrier", "tracking"], condition=~Q(tracking=""), name="delivery_tracking_once"),
            models.CheckConstraint(condition=Q(tracking="") | Q(tracking__regex=TRACKING), name="delivery_tracking"),
            models.CheckConstraint(condition=Q(cod_amount__gte=0), name="delivery_cod"),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(shipped_at__isnull=False, delivered_at__gte=models.F("shipped_at")),
                name="delivery_after_shipping",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking}".strip()

    @property
    def tracking_link(self) -> str:
        """Where the customer follows it; "" when there is none."""
        return self.carrier.tracking_url.replace("{number}", self.tracking) if self.tracking else ""
