"""Suppliers, and what is bought from them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.fields import CodeField, code_is_code
from ccenter.office.models import Versioned
from orders.models.money import CurrencyField, MoneyField, currency_is_code
from orders.models.products import Product


class Supplier(Versioned):
    """Who delivers to us 供应商."""

    code = CodeField()
    name = models.CharField(_("name"), max_length=100)
    contact = models.CharField(_("contact"), max_length=40, blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    email = models.EmailField(_("email"), blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        ordering = ["code"]
        constraints = [code_is_code("supplier"), models.CheckConstraint(condition=~Q(name=""), name="supplier_name")]

    def __str__(self) -> str:
        return self.name


class SupplierProduct(Versioned):
    """A product as a supplier sells it to us: their number, their price, how many days it takes."""

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="products", verbose_name=_("supplier"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="suppliers", verbose_name=_("product"))
    code = models.CharField(_("supplier's number"), max_length=40, blank=True)
    cost = MoneyField(_("cost"))
    currency = CurrencyField()
    days = models.PositiveSmallIntegerField(_("days to deliver"), default=7)

    class Meta:
        verbose_name = _("supplier's product")
        verbose_name_plural = _("suppliers' products")
        ordering = ["supplier", "product"]
        constraints = [
            models.UniqueConstraint(fields=["supplier", "product"], name="one_row_a_supplier_and_product"),
            models.CheckConstraint(condition=Q(cost__gte=0), name="supplier_product_cost"),
            currency_is_code("supplier_product"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_id}: {self.product_id}"


class Purchase(Versioned):
    """Goods ordered from a supplier; they fill the stock as they come in."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        ORDERED = "ordered", _("ordered")
        PARTLY = "partly", _("partly received")
        RECEIVED = "received", _("received")
        CANCELLED = "cancelled", _("cancelled")

    number = models.CharField(_("purchase number"), max_length=16, unique=True, editable=False)
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="purchases", verbose_name=_("supplier"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    currency = CurrencyField()
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("written by")
    )
    created_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)
    ordered_at = models.DateTimeField(_("ordered"), null=True, blank=True)

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=r"^P[0-9]{4,15}\Z"), name="purchase_number"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"]) | Q(ordered_at__isnull=False), name="purchase_was_ordered"
            ),
            currency_is_code("purchase"),
        ]

    def __str__(self) -> str:
        return self.number


class PurchaseLine(models.Model):
    """So much of a product at `cost` apiece; `received` of it is here."""

    purchase = models.ForeignKey(Purchase, models.CASCADE, related_name="lines", verbose_name=_("purchase"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    quantity = models.PositiveIntegerField(_("quantity"))
    cost = MoneyField(_("cost"))
    received = models.PositiveIntegerField(_("received"), default=0)

    class Meta:
        verbose_name = _("line of a purchase")
        verbose_name_plural = _("lines of purchases")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["purchase", "product"], name="one_line_a_purchase_and_product"),
            models.CheckConstraint(condition=Q(quantity__gt=0, cost__gte=0), name="purchase_line_figures"),
            models.CheckConstraint(condition=Q(received__lte=F("quantity")), name="purchase_line_received"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"
