"""Payments and returns. Both are only ever added to: what was wrong is put right by another row."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Versioned
from orders.models.money import CurrencyField, currency_is_code
from orders.models.orders import Order, OrderLine, PayBy, money


class Payment(models.Model):
    """Money that came in (amount > 0), went back, or was noted by mistake (amount < 0, `of`: which one).

    `reference` is the bank's or the provider's number of it: it stands once. `again` counts how often it was undone before.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("payment")
        REFUND = "refund", _("refund")
        CORRECTION = "correction", _("correction")

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PAYMENT)
    method = models.CharField(_("way of paying"), max_length=8, choices=PayBy.choices)
    payer = models.CharField(_("payer"), max_length=100)
    amount = money(_("amount"))
    currency = CurrencyField()
    paid_at = models.DateTimeField(_("paid"), default=timezone.now)
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    again = models.PositiveSmallIntegerField(default=0, editable=False)
    of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="undone", verbose_name=_("payment it undoes")
    )
    note = models.CharField(_("note"), max_length=400, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("entered by")
    )
    at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="payments_newest"),
            models.Index(fields=["paid_at", "method"], name="payments_by_day"),
            models.Index(fields=["method", "-at", "-id"], name="payments_by_method"),
            models.Index(fields=["kind", "-at", "-id"], condition=~Q(kind="payment"), name="payments_by_kind"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="payments_by_reference"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="payment", amount__gt=0, of=None)
                | Q(kind="refund", amount__lt=0)
                | Q(kind="correction", amount__lt=0, of__isnull=False),
                name="payment_sign",
            ),
            currency_is_code("payment"),
            models.CheckConstraint(condition=~Q(payer=""), name="payment_payer"),
            models.UniqueConstraint(
                fields=["method", "reference", "again"],
                condition=Q(kind="payment") & ~Q(reference=""),
                name="payment_reference_once",
            ),
            models.UniqueConstraint(fields=["of"], condition=Q(kind="correction"), name="payment_corrected_once"),
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.amount} {self.currency}"


class Return(models.Model):
    """Goods that came back at one time. `value`: what the order costs less now: the goods but for what points had
    paid, and `fee_back`.

    `points_back`: used ones that the customer has again. `points_taken`: earned ones that were taken away.
    """

    class Reason(models.TextChoices):
        NOT_TAKEN = "not_taken", _("not taken at the door")
        UNWANTED = "unwanted", _("not wanted any more")
        FAULTY = "faulty", _("faulty")
        WRONG = "wrong", _("not what was ordered")

    order = models.ForeignKey(Order, models.PROTECT, related_name="returns", verbose_name=_("order"))
    reason = models.CharField(_("reason"), max_length=9, choices=Reason.choices)
    value = money(_("value"))
    fee_back = money(_("delivery fee given back"))
    points_back = models.PositiveIntegerField(_("points given back"), default=0)
    points_taken = models.PositiveIntegerField(_("points taken away"), default=0)
    note = models.CharField(_("note"), max_length=400, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("taken by")
    )
    at = models.DateTimeField(_("came back"), default=timezone.now)

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0, fee_back__gte=0, fee_back__lte=F("value")), name="return_amounts")
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.at:%Y-%m-%d}"


class ReturnLine(models.Model):
    """So many of an order's line came back. `sellable`: they went back into stock."""

    back = models.ForeignKey(Return, models.PROTECT, related_name="lines", verbose_name=_("return"))
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+", verbose_name=_("order line"))
    quantity = models.PositiveIntegerField(_("quantity"))
    sellable = models.BooleanField(_("can be sold again"), default=True)

    class Meta:
        verbose_name = _("returned line")
        verbose_name_plural = _("returned lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="return_line_quantity"),
            models.UniqueConstraint(fields=["back", "line", "sellable"], name="return_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line}"


class Invoice(Versioned):
    """An invoice as it was handed out: its content does not change. An order has at most one that stands."""

    number = models.CharField(_("invoice number"), max_length=20, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="invoices", verbose_name=_("order"))
    title = models.CharField(_("made out to"), max_length=100)
    tax_number = models.CharField(_("tax number"), max_length=20, blank=True)
    amount = money(_("amount"))
    currency = CurrencyField()
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("issued by")
    )
    voided_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    void_reason = models.CharField(_("reason"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(voided_at=None), name="one_invoice_an_order"),
            models.CheckConstraint(condition=Q(amount__gt=0) & ~Q(title=""), name="invoice_whole"),
            models.CheckConstraint(condition=Q(voided_at=None) | ~Q(void_reason=""), name="invoice_void_has_reason"),
        ]

    def __str__(self) -> str:
        return self.number
